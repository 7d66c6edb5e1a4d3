package simcity

import (
	"log/slog"
	"strings"
	"sync"
)

// hostLog keeps the last lines that the host logged, for failures.
type hostLog struct {
	mu    sync.Mutex
	lines []string
}

const hostLogLines = 200

func (l *hostLog) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, nil))
}

// Write takes one line.
func (l *hostLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) >= hostLogLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, strings.TrimRight(string(line), "\n"))
	return len(line), nil
}

func (l *hostLog) tail() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}
