package linear

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/bookiji/simcity/simcity"
)

// keyMax is how many operations of a key are checked.
const keyMax = 5000

// A History says what of a run is checked against a model.
type History struct {
	// Model is the host's sequential specification, for one key. Required.
	Model porcupine.Model
	// Read turns an operation into an entry; false leaves it out. Required.
	Read func(*simcity.Operation) (Entry, bool)
}

// An Entry is an operation in the model's terms.
type Entry struct {
	// Key separates what does not influence one another, such as the resource.
	Key string
	// Input and Output are what the model's Step is given.
	Input, Output any
	// Unknown is an operation whose answer nobody got: whether it took effect is
	// open, and Output must be one that Step takes for any.
	Unknown bool
}

// Check is an invariant of that name: the history is linearizable. AtEnd, critical,
// needs 1 entry. It panics without Model.Step or Read.
func Check(name string, h History) simcity.Invariant {
	if h.Read == nil || h.Model.Step == nil {
		panic(fmt.Sprintf("linear: Check %q needs Model.Step and Read", name))
	}
	return simcity.Invariant{
		Name: name, Doc: name + ": some sequential order explains every answer", When: simcity.AtEnd,
		Begin: func(*simcity.World) simcity.Check {
			c := &checker{History: h, clients: make(map[string]int), keys: make(map[string][]porcupine.Operation)}
			return simcity.Check{Operation: c.operation, Judge: c.judge}
		},
	}
}

type checker struct {
	History
	clients map[string]int // by their names
	next    int            // client
	keys    map[string][]porcupine.Operation
	samples int64
}

// openEnd is later than any run ends.
const openEnd = time.Duration(1) << 60

func (c *checker) operation(op *simcity.Operation) *simcity.Breach {
	entry, ok := c.Read(op)
	if !ok {
		return nil
	}
	client, known := c.clients[op.Client()]
	if !known {
		client = c.next
		c.clients[op.Client()] = client
		c.next++
	}
	end := op.End
	if entry.Unknown { // it stays open, and who got no answer goes on as another client
		end = openEnd
		delete(c.clients, op.Client())
	}
	c.samples++
	if len(c.keys[entry.Key]) <= keyMax {
		c.keys[entry.Key] = append(c.keys[entry.Key], porcupine.Operation{
			ClientId: client, Input: entry.Input, Output: entry.Output, Call: int64(op.Start), Return: int64(end),
		})
	}
	return nil
}

func (c *checker) judge() simcity.Judgement {
	j := simcity.Judgement{Got: fmt.Sprintf("%d keys explained", len(c.keys)), Want: "an order that explains every answer", Samples: c.samples, Needs: 1}
	for _, key := range slices.Sorted(maps.Keys(c.keys)) {
		history := c.keys[key]
		if len(history) > keyMax {
			j.Got, j.Samples = fmt.Sprintf("key %q has more than %d operations: too many to be checked", key, keyMax), 0
			return j
		}
		result, info := porcupine.CheckOperationsVerbose(c.Model, history, 0)
		if result == porcupine.Ok {
			continue
		}
		j.Got = fmt.Sprintf("no order explains the %d answers about %q", len(history), key)
		j.Breach = &simcity.Breach{Got: j.Got, Want: j.Want, Detail: "the longest orders that do are in its picture"}
		var err error
		if j.Breach.Picture, err = c.picture(info); err != nil {
			j.Breach.Detail = "its picture could not be drawn: " + err.Error()
		}
		return j
	}
	return j
}

// picture draws the history as an HTML page.
func (c *checker) picture(info porcupine.LinearizationInfo) (string, error) {
	var page strings.Builder
	err := porcupine.Visualize(c.Model, info, &page)
	return page.String(), err
}
