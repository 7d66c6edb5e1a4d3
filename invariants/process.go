package invariants

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// A process reads its own memory figures from the system's files.
type process struct {
	root    fs.FS   // of the file system
	limited float64 // in bytes, 0 before it was read
}

// measurable reports whether the system has such files at all.
func (p *process) measurable() bool {
	_, err := fs.Stat(p.root, "proc/self")
	return err == nil
}

// resident is the process's memory in bytes.
func (p *process) resident() (float64, bool) { return p.kilobytes("proc/self/status", "VmRSS:") }

// limit is the memory there is for the process, in bytes. It is read once.
func (p *process) limit() float64 {
	if p.limited == 0 {
		p.limited = p.readLimit()
	}
	return p.limited
}

func (p *process) readLimit() float64 {
	limit, _ := p.kilobytes("proc/meminfo", "MemTotal:")
	groups, _ := fs.ReadFile(p.root, "proc/self/cgroup")
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			limit = p.smallest(limit, "sys/fs/cgroup", parts[2], "memory.max")
		case strings.Contains(","+parts[1]+",", ",memory,"):
			limit = p.smallest(limit, "sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes")
		}
	}
	return limit
}

// smallest is the smallest limit of a control group and those above it. Within a
// container the group's path may not exist: then its root counts.
func (p *process) smallest(limit float64, mount, group, file string) float64 {
	for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
		text, err := fs.ReadFile(p.root, path.Join(mount, dir, file))
		if err == nil {
			bytes, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64) // "max" is no number
			if err == nil && bytes > 0 && (limit == 0 || bytes < limit) {
				limit = bytes
			}
		}
		if dir == "/" {
			return limit
		}
	}
}

// kilobytes reads a field of a file whose lines are "Name:   123 kB".
func (p *process) kilobytes(file, field string) (bytes float64, ok bool) {
	text, err := fs.ReadFile(p.root, file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != field {
			continue
		}
		n, err := strconv.ParseFloat(words[1], 64)
		return n * 1024, err == nil && n > 0
	}
	return 0, false
}
