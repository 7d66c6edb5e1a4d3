package missioncontrol

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A slow connection takes each write after a while.
type slow struct {
	header http.Header
	wait   func() // in the bubble's time
	texts  []string
}

func (s *slow) Header() http.Header              { return s.header }
func (s *slow) WriteHeader(int)                  {}
func (s *slow) Flush()                           {}
func (s *slow) SetWriteDeadline(time.Time) error { return nil }
func (s *slow) Write(b []byte) (int, error) {
	s.wait()
	s.texts = append(s.texts, string(b))
	return len(b), nil
}

// follow lets a slow connection follow a feed for a time in a bubble.
func follow(t *testing.T, takes, lasts, every time.Duration, during func(f *feed)) []string {
	t.Helper()
	var texts []string
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(10, 1<<20)
		h := &Handler{config: Config{Heartbeat: every}.WithDefaults()}
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		beat := 0
		go f.broadcast(ctx, every, func() []byte {
			beat++
			return []byte(strings.Repeat("b", beat))
		})
		w := &slow{header: http.Header{}, wait: func() { time.Sleep(takes) }}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = h.follow(ctx, &outlet{w: w, control: http.NewResponseController(w), timeout: time.Second}, f, 0)
		}()
		during(f)
		<-done
		texts = w.texts
	})
	return texts
}

func TestQuietStreamSendsComments(t *testing.T) {
	t.Parallel()
	texts := follow(t, 0, 50*time.Second, time.Hour, func(*feed) {})
	require.Equal(t, []string{"retry: 2000\n\n", ": quiet\n\n", ": quiet\n\n", ": quiet\n\n"}, texts)
}

func TestHeartbeatsCoalesceAndEventsDoNot(t *testing.T) {
	t.Parallel()
	texts := follow(t, 3300*time.Millisecond, 9950*time.Millisecond, time.Second, func(f *feed) {
		synctest.Wait() // the stream has begun
		f.append([]byte("0"), nil)
		time.Sleep(4 * time.Second)
		f.append([]byte("1"), nil)
		f.append([]byte("2"), nil)
		time.Sleep(time.Second)
		f.append([]byte("3"), nil)
	})
	require.Equal(t, []string{"retry: 2000\n\n", "0bbb", "123bbbbbb", "bbbbbbbbb"}, texts)
}

func TestFeedKeepsItsLimits(t *testing.T) {
	t.Parallel()
	f := newFeed(3, 1<<20)
	for i := range 8 {
		var shot []byte
		if i%3 == 0 {
			shot = []byte{byte('0' + i)}
		}
		f.append([]byte{byte('a' + i)}, shot)
	}
	p := f.read(0, 0)
	require.Equal(t, int64(6), p.skip.index, "the oldest snapshot after which all is there")
	require.Equal(t, [][]byte{[]byte("h")}, p.frames)
	require.Equal(t, int64(7), p.from)
	require.Nil(t, f.read(5, 0).skip)
	require.Len(t, f.read(5, 0).frames, 3)
	require.Empty(t, f.read(8, 0).frames)
	require.Empty(t, f.read(100, 0).frames)
	f.finish([]byte("end"))
	require.Nil(t, newFeed(3, 1).read(0, 0).end)
	require.Equal(t, "end", string(f.read(8, 0).end))
	require.Equal(t, int64(8), f.read(0, 0).count)

	small := newFeed(100, 5)
	for range 9 {
		small.append([]byte("xx"), nil)
	}
	require.Equal(t, int64(7), small.first)
	require.Equal(t, "id: 6\nevent: snapshot\ndata: {\"index\":\"6\",\"metrics\":null,\"state\":null,\"createdAt\":\"0001-01-01T00:00:00Z\",\"skippedFrom\":\"0\",\"skippedTo\":\"6\"}\n\n",
		string(appendSkip(nil, 0, small.read(0, 0).skip)), "without a snapshot it says what is missing")
}
