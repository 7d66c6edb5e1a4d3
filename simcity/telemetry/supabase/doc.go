// Package supabase keeps the history of runs in a Supabase project.
package supabase
