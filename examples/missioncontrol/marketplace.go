package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/bookiji/simcity/examples/booking/staging"
	"github.com/bookiji/simcity/simcity/missioncontrol/local"
)

// serveMarketplace serves a marketplace that stays up, until stop is called.
func serveMarketplace(ctx context.Context, s settings, out io.Writer) (stop func() error, err error) {
	told := "in SIMCITY_SECRET"
	if s.secret == "" {
		s.secret = rand.Text()
		told = s.secret
	}
	listener, err := local.Listen(s.marketplace)
	if err != nil {
		return nil, err
	}
	base := "http://" + listener.Addr().String()
	market, err := staging.New(ctx, staging.Config{Environment: s.environment, Secret: s.secret, BaseURL: base, Database: s.database, Speed: s.speed})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	fmt.Fprintf(out, "Marketplace:     %s, environment %s\nIts secret:      %s\n", base, s.environment, told)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() {
		served <- local.Serve(ctx, listener, market, func() error { return market.Close(context.WithoutCancel(ctx)) })
	}()
	return func() error { cancel(); return <-served }, nil
}
