// Package staging is the marketplace of package booking as a staging system: it
// stays up, has test hooks beside it, and simulations in other processes reach it
// as they would reach yours. It shows what a host writes to be tested so.
//
//	market, err := staging.New(ctx, staging.Config{Environment: "staging", Secret: os.Getenv("SIMCITY_SECRET")})
//	if err != nil {
//		return err
//	}
//	defer market.Close(ctx)
//	return http.ListenAndServe("127.0.0.1:8788", market)
//
// The other side, to be copied, is TestStaging in staging_test.go: it points a
// scenario of the pack at the system of STAGING_URL:
//
//	STAGING_URL=https://staging.example.com SIMCITY_SECRET=... go test ./examples/booking/staging -run '^TestStaging$' -count=1 -timeout 30m -v
//
// -count=1 because go test would answer from its cache, -timeout because a paced
// run of 20 hours takes 12 real minutes. Without STAGING_URL a marketplace in the
// test's own process stands in, for some seconds.
//
// # Limits
//
// All that is in the marketplace is synthetic, so a purge empties it; one run's
// rows alone it does not know.
package staging
