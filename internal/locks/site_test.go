package locks

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFunctionsAreNamedAsReportsReadWell(t *testing.T) {
	t.Parallel()
	for function, want := range map[string][2]string{
		"main.main": {"main", "main.main"},
		"example.com/shop/booking.(*Store).Update":                  {"example.com/shop/booking", "booking.(*Store).Update"},
		"example.com/shop/booking.(*Store).Update.func1":            {"example.com/shop/booking", "booking.(*Store).Update.func1"},
		"example.com/shop.Get[go.shape.struct { example.com/x.A }]": {"example.com/shop", "shop.Get[go.shape.struct { example.com/x.A }]"},
		"gopkg.in/yaml%2ev3.Marshal":                                {"gopkg.in/yaml.v3", "yaml%2ev3.Marshal"},
		"sync.(*Once).Do":                                           {"sync", "sync.(*Once).Do"},
		"":                                                          {"", ""},
	} {
		pkg, name := split(function)
		require.Equal(t, want, [2]string{pkg, name}, function)
	}
}

func TestOnlyHostPackagesAreTheHosts(t *testing.T) {
	t.Parallel()
	patterns := ParsePatterns(" github.com/bookiji/simcity/..., example.com/shop,,example.com/stock/... ")
	require.Equal(t, "github.com/bookiji/simcity/..., example.com/shop, example.com/stock/...", patterns.String())
	for pkg, want := range map[string]class{
		"example.com/shop":                                classHost,
		"example.com/shop_test":                           classHost,
		"example.com/shop/cart":                           classOther,
		"example.com/shopping":                            classOther,
		"example.com/stock":                               classHost,
		"example.com/stock/shelf":                         classHost,
		"net/http":                                        classOther,
		"github.com/bookiji/simcity/examples/booking":     classHost,
		"github.com/bookiji/simcity/simcity":              classOurs,
		"github.com/bookiji/simcity/simcity_test":         classHost,
		"github.com/bookiji/simcity/simcity/telemetry":    classOurs,
		"github.com/bookiji/simcity/invariants":           classOurs,
		"github.com/bookiji/simcity/internal/conductor":   classBare,
		"github.com/bookiji/simcity/internal/locks":       classBare,
		"github.com/bookiji/simcity/internal/pgtest":      classOurs,
		"github.com/bookiji/simcity/simcityish/somewhere": classHost,
	} {
		require.Equal(t, want, patterns.class(pkg), pkg)
	}
	require.Equal(t, classHost, Patterns{"..."}.class("net/http"))
}

func TestPlacesAreLookedAtOnce(t *testing.T) {
	t.Parallel()
	s := &sites{packages: Patterns{"..."}}
	for pc := range uintptr(3 * len(s.known)) { // more than there is room for
		require.Equal(t, pc, s.of(pc+1).pc-1)
	}
	require.Same(t, s.of(1), s.of(1))
}

func TestWithoutTheOverlayNothingIsDone(t *testing.T) {
	t.Parallel()
	opened := Open(Config{Steps: func() uint64 { return 0 }})
	require.Equal(t, Active(), opened != nil)
	opened.Close()
	var table *Table
	mark := table.Mark("customer/1", nil)
	require.Nil(t, mark)
	table.MarkBubble(mark)
	mark.Enter(1)()
	require.Empty(t, table.Standing())
	require.Zero(t, Thread())
	table.Close()
}
