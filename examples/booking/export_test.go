package booking

import "time"

// Periods are those of all background work.
var Periods = []time.Duration{
	holdPeriod, settlePeriod, cachePeriod, compactionPeriod, guardPeriod, refreshPeriod, thrashPeriod,
}
