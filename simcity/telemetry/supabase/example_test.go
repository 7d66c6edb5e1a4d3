package supabase_test

import (
	"fmt"

	"github.com/bookiji/simcity/simcity/telemetry/supabase"
)

// Opening connects to nothing, and nothing shows the key.
func Example() {
	store, err := supabase.Open("https://abcd.supabase.co", "sb_secret_"+"made-up")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	fmt.Printf("%v %+v\n", store, store)
	_, err = supabase.Open("https://abcd.supabase.co", "sb_publishable_made-up")
	fmt.Println(err)
	// Output:
	// Supabase project abcd.supabase.co Supabase project abcd.supabase.co
	// telemetry: SUPABASE_SERVICE_ROLE_KEY: it is a publishable key, which may not write; give a secret key (sb_secret_...) or the service_role key of the project's settings, API keys
}
