// Package postgres keeps the history of runs in a Postgres database.
package postgres
