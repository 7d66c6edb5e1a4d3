package notify

import (
	"os"
	"path/filepath"
	"time"
)

// A throttle lets one through per interval and id, among all processes that use the
// folder: an id's file is as old as the last one that went through.
type throttle struct {
	dir      string
	interval time.Duration
}

// claim returns why an id must wait, or nil. A folder that cannot be used holds
// nobody back: an alarm twice is better than none.
func (t throttle) claim(id string) *Held {
	if os.MkdirAll(t.dir, 0o700) != nil {
		return nil
	}
	path := filepath.Join(t.dir, id)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		_ = file.Close()
		_ = os.Chtimes(path, now(), now())
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if ago := now().Sub(info.ModTime()); ago >= 0 && ago < t.interval {
		return &Held{Ago: ago, Interval: t.interval}
	}
	_ = os.Chtimes(path, now(), now())
	return nil
}

// release forgets a claim: it was not told after all.
func (t throttle) release(id string) { _ = os.Remove(filepath.Join(t.dir, id)) }
