package postgres_test

import (
	"fmt"
	"io/fs"

	"github.com/bookiji/simcity/simcity/telemetry/postgres"
)

// Opening connects to nothing, and nothing shows the password.
func Example() {
	store, err := postgres.Open("postgres://simcity:secret@db.example.com:6543/postgres")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	fmt.Println(store)
	_, err = postgres.Open("postgres://simcity:secret@db.example.com")
	fmt.Println(err)
	// Output:
	// Postgres database "postgres" at db.example.com:6543 as "simcity"
	// telemetry: Postgres DSN: it names no database; write postgres://user:password@db.example.com/database
}

// The files are copied where the Supabase CLI looks for them; "simcity migrate
// -write supabase/migrations" does so.
func ExampleMigrations() {
	names, err := fs.Glob(postgres.Migrations(), "*.sql")
	fmt.Println(err)
	for _, name := range names {
		fmt.Println(name)
	}
	// Output:
	// <nil>
	// 20251222200000_simcity_control_plane_phase1.sql
	// 20251222210000_simcity_control_plane_phase2.sql
	// 20251222220000_simcity_control_plane_phase3.sql
	// 20260301000000_simcity_engine.sql
}
