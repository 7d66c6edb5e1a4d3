package testui

import (
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
)

// bench is a viewer in a bubble, and what it writes to the terminal.
func bench(t *testing.T) (*viewer, *[]string) {
	t.Helper()
	var told []string
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8787}
	v, _, err := makeViewer(addr, "key", func(text string) { told = append(told, text) })
	require.NoError(t, err)
	return v, &told
}

func run(name string) simcity.ViewedRun {
	return simcity.ViewedRun{Test: name, Wait: 2 * time.Minute, Scenario: simcity.Scenario{Name: "town", Compression: 100}}
}

func TestWhoDoesNotComeIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, told := bench(t)
		began := time.Now()
		view, err := v.Show(run("TestOne"))
		require.NoError(t, err)
		require.Equal(t, 2*time.Minute, time.Since(began))
		require.Zero(t, view.Speed, "nobody looks: it goes at full speed")
		view.Leave()
		view, err = v.Show(run("TestTwo"))
		require.NoError(t, err)
		view.Leave()
		require.Equal(t, 2*time.Minute, time.Since(began))
		require.Equal(t, []string{
			"simcity: watch TestOne at http://127.0.0.1:8787/login?token=key\n         It waits for you until 00:02:00. SIMCITY_UI_WAIT=10m would wait longer.",
			"simcity: nobody came, so the tests go on at full speed; the page stays as long as they last.",
		}, *told)
	})
}

func TestWhoComesSeesTheRunAtItsPaceAndLetsItGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, _ := bench(t)
		time.AfterFunc(30*time.Second, v.saw)
		began := time.Now()
		view, err := v.Show(run("TestOne"))
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, time.Since(began))
		require.InDelta(t, 100, view.Speed, 0)
		require.Equal(t, missioncontrol.TestState{Test: "TestOne", Phase: "running"}, v.State())
		require.EqualError(t, v.Continue(), "no test waits: its run goes on")

		time.AfterFunc(time.Minute, func() {
			require.Equal(t, missioncontrol.TestState{Test: "TestOne", Phase: "held", SecondsLeft: 120}, v.State())
			require.NoError(t, v.Continue())
		})
		began = time.Now()
		view.Leave()
		require.Equal(t, time.Minute+parting, time.Since(began))
	})
}

func TestHeldTestGoesOnAfterTheLastSignOfAPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, _ := bench(t)
		v.saw()
		view, err := v.Show(run("TestOne"))
		require.NoError(t, err)
		for i := range 5 {
			time.AfterFunc(time.Duration(i)*time.Minute, v.saw)
		}
		began := time.Now()
		view.Leave()
		require.Equal(t, 6*time.Minute, time.Since(began), "two minutes after the last one")
	})
}

func TestWaitsEndBeforeGoTestEndsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, told := bench(t)
		one := run("TestOne")
		one.Deadline = time.Now().Add(time.Minute)
		began := time.Now()
		view, err := v.Show(one)
		require.NoError(t, err)
		require.Equal(t, 45*time.Second, time.Since(began))
		require.Contains(t, (*told)[0], "go test ends everything at 00:01:00: -timeout 0 leaves you all the time you want.")
		v.saw()
		view.Leave()
		require.Equal(t, 45*time.Second, time.Since(began), "there is no time left to hold it")
	})
}

func TestParallelTestsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, _ := bench(t)
		v.saw()
		one, err := v.Show(run("TestOne"))
		require.NoError(t, err)
		var shown atomic.Bool
		go func() {
			two, _ := v.Show(run("TestTwo"))
			shown.Store(true)
			_ = v.Continue()
			two.Leave()
		}()
		synctest.Wait()
		require.False(t, shown.Load())
		one.Leave()
		synctest.Wait()
		require.True(t, shown.Load())
		time.Sleep(2 * time.Minute)
	})
}

func TestTakenPortIsPassedOver(t *testing.T) {
	t.Parallel()
	first, err := listen("127.0.0.1:0")
	require.NoError(t, err)
	defer first.Close()
	second, err := listen(first.Addr().String())
	require.NoError(t, err)
	defer second.Close()
	require.Greater(t, second.Addr().(*net.TCPAddr).Port, first.Addr().(*net.TCPAddr).Port)
	_, err = listen("127.0.0.1:http")
	require.EqualError(t, err, `"http" is no port: give a number, such as 8787`)
	_, err = listen("0.0.0.0:8787")
	require.EqualError(t, err, "0.0.0.0:8787 is open to others: give a loopback address such as 127.0.0.1:8787")
}
