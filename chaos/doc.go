// Package chaos is a stub.
package chaos
