// Package pgclock x.
package pgclock
