package booking

import (
	"strconv"
	"time"
)

// bytesPerSlot is what a slot usually takes in a list.
const bytesPerSlot = 160

// appendSlots encodes a slots list. It is the longest answer and the most
// wanted, and this is several times faster than reflection.
//
// Handles and service ids need no escaping: see handlePattern and Sequence.
func appendSlots(b []byte, slots []Slot) []byte {
	b = append(b, `{"slots":[`...)
	for i, s := range slots {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendJSON(b)
	}
	return append(b, "]}\n"...)
}

func (s Slot) appendJSON(b []byte) []byte {
	b = append(b, `{"vendor":"`...)
	b = append(b, s.Vendor...)
	b = append(b, `","service":"`...)
	b = append(b, s.Service...)
	b = append(b, `","start":"`...)
	b = s.Start.AppendFormat(b, time.RFC3339)
	b = append(b, `","end":"`...)
	b = s.End.AppendFormat(b, time.RFC3339)
	b = append(b, `","capacity":`...)
	b = strconv.AppendInt(b, int64(s.Capacity), 10)
	b = append(b, `,"left":`...)
	b = strconv.AppendInt(b, int64(s.Left), 10)
	b = append(b, `,"priceCents":`...)
	b = strconv.AppendInt(b, int64(s.PriceCents), 10)
	return append(b, '}')
}
