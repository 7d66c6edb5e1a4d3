package telemetry

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options of a [Reporter]. The zero value is what most need.
type Options struct {
	// Tier is written into the run's row. Default "simulation".
	Tier string
	// BatchRows is how many rows a batch holds at most. Default 1000. BatchBytes is
	// how many bytes, one row apart. Default 4 MiB.
	BatchRows  int
	BatchBytes int
	// BatchAge is how long a row waits for others. Default 100 ms of real time.
	BatchAge time.Duration
	// QueueEvents is how many events wait in memory at most, delivered ones apart,
	// and QueueBytes how many bytes, one event apart. Defaults 8192 and 64 MiB.
	// When it is full the run waits; when the store is down, rows then go to the
	// spill file.
	QueueEvents int
	QueueBytes  int
	// CallTimeout is how long one call of the store may take. Default 5 s, which is
	// less than the patience of a run's watchdog.
	CallTimeout time.Duration
	// BackoffMin and BackoffMax bound the wait before another try, which doubles
	// each time and is drawn between half and whole. Defaults 50 ms and 5 s.
	BackoffMin time.Duration
	BackoffMax time.Duration
	// BeginTimeout is how long the announcement of a run is tried. Default 5 s.
	BeginTimeout time.Duration
	// FlushTimeout is how long the end of a run waits for its last rows. Default 30 s.
	FlushTimeout time.Duration
	// StallMax is how long a run is held when neither the store nor the spill file
	// takes rows. After that rows are lost, and the end says which. Default 5 s.
	StallMax time.Duration
	// Journal says when rows are written to a file before Record returns.
	Journal JournalMode
	// SpillDir is the folder of that file. Default simcity-spill-<user> in the
	// folder for temporary files.
	SpillDir string
	// SpillBytes is how long the file may become. Default 1 GiB. When it is full
	// the run waits as for a full queue.
	SpillBytes int64
	// Heartbeat is how often the live row is renewed. Default 1 s.
	Heartbeat time.Duration
}

// A JournalMode says when rows are written to a file as well.
type JournalMode int

// The modes. The file of both is the same: rows in order, those not delivered yet
// among them, for [ReplaySpill].
const (
	// JournalAuto is JournalAlways, unless the store is [Volatile].
	JournalAuto JournalMode = iota
	// JournalAlways writes every row ahead: a row that was recorded survives
	// kill -9 of the process, though not a power cut. The file goes when all is
	// delivered.
	JournalAlways
	// JournalOnOutage writes rows only when the store is down for longer than the
	// queue holds, or at the end. A process that is killed loses its queue.
	JournalOnOutage
)

func (m JournalMode) String() string {
	switch m {
	case JournalAuto:
		return "auto"
	case JournalAlways:
		return "always"
	case JournalOnOutage:
		return "on outage"
	}
	return fmt.Sprintf("JournalMode(%d)", int(m))
}

// WithDefaults fills in what is zero.
func (o Options) WithDefaults() Options {
	fill(&o.Tier, "simulation")
	fill(&o.BatchRows, LimitMax)
	fill(&o.BatchBytes, 4<<20)
	fill(&o.BatchAge, 100*time.Millisecond)
	fill(&o.QueueEvents, 8192)
	fill(&o.QueueBytes, 64<<20)
	fill(&o.CallTimeout, 5*time.Second)
	fill(&o.BackoffMin, 50*time.Millisecond)
	fill(&o.BackoffMax, 5*time.Second)
	fill(&o.BeginTimeout, 5*time.Second)
	fill(&o.FlushTimeout, 30*time.Second)
	fill(&o.StallMax, 5*time.Second)
	fill(&o.SpillDir, SpillDir())
	fill(&o.SpillBytes, 1<<30)
	fill(&o.Heartbeat, time.Second)
	return o
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// SpillDir is the folder in which spill files lie unless Options say otherwise.
func SpillDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("simcity-spill-%d", os.Getuid()))
}

// Validate names the first field that cannot work.
func (o Options) Validate() error {
	for _, check := range []struct {
		field string
		value int64
	}{
		{"BatchRows", int64(o.BatchRows)}, {"BatchBytes", int64(o.BatchBytes)}, {"BatchAge", int64(o.BatchAge)},
		{"QueueEvents", int64(o.QueueEvents)}, {"QueueBytes", int64(o.QueueBytes)}, {"CallTimeout", int64(o.CallTimeout)},
		{"BackoffMin", int64(o.BackoffMin)}, {"BackoffMax", int64(o.BackoffMax)}, {"BeginTimeout", int64(o.BeginTimeout)},
		{"FlushTimeout", int64(o.FlushTimeout)}, {"StallMax", int64(o.StallMax)}, {"SpillBytes", o.SpillBytes}, {"Heartbeat", int64(o.Heartbeat)},
	} {
		if check.value < 0 {
			return &OptionError{Field: "Options." + check.field, Fix: fmt.Sprintf("%d is negative; leave it out for the default", check.value)}
		}
	}
	if o.Journal < JournalAuto || o.Journal > JournalOnOutage {
		return &OptionError{Field: "Options.Journal", Fix: fmt.Sprintf("%s is none of JournalAuto, JournalAlways and JournalOnOutage", o.Journal)}
	}
	return nil
}
