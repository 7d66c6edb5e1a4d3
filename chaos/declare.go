package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A Maker is a struct of parameters that becomes a fault. Its fields are tagged
// as [Declare] reads them, and its zero value stands for the defaults.
type Maker interface {
	Fault() simcity.Fault
}

// Declare begins a fault of a kind from its struct of parameters: pointed to, so
// that zero fields get their defaults. The fault knows its Parameters, and its
// Err names the first that cannot work; Inject is still to be given. Fields
// without a json tag are no parameters. The tags:
//
//	json:"delayMs"      the parameter's name
//	doc:"how long"      what it means
//	default:"200"       what a zero value means
//	range:">0..60000"   the numbers that it takes; "0..1" includes the 0, which
//	                    without a default is allowed anyway, for none
//	oneof:"a b"         the words that it takes
//	unit:"ms"           of a time.Duration, as JSON gives it: ms, s or min
//	required:"true"     there is no default
//
// Fields of type float64, int, int64, string, []string, bool and time.Duration
// can be parameters, and those of embedded structs. A list without words is one
// that is left out.
func Declare(kind string, parameters any) simcity.Fault {
	fault := simcity.Fault{Kind: kind, Parameters: map[string]any{}}
	all, err := parametersOf(parameters)
	fault.Err = err
	for _, p := range all {
		if p.empty() && p.standard != "" {
			_ = p.setStandard() // parametersOf has tried it
		}
		if !p.empty() {
			fault.Parameters[p.name] = p.plain()
		}
		if fault.Err == nil {
			fault.Err = p.check(kind)
		}
	}
	return fault
}

// KindOf describes the faults that F makes, so that commands can inject them by
// name with parameters in JSON. doc says in a sentence what goes wrong.
//
// Reading is strict: unknown names, wrong types, values out of range and a 0
// that would mean something else are errors of type [simcity.FieldError].
// Durations are numbers in their unit, or text such as "90s".
func KindOf[F Maker](doc string) simcity.FaultKind {
	var zero F
	return kindLike(doc, zero)
}

// kindLike describes the faults that are like zero, whose parameters are left out.
func kindLike[F Maker](doc string, zero F) simcity.FaultKind {
	kind := zero.Fault().Kind
	sample := zero // describe gives it its defaults
	return simcity.FaultKind{
		Kind:       kind,
		Doc:        doc,
		Parameters: describe(&sample),
		Make: func(parameters json.RawMessage) (simcity.Fault, error) {
			f := zero
			if err := decode(kind, parameters, &f); err != nil {
				return simcity.Fault{}, err
			}
			fault := f.Fault()
			if fault.Err != nil {
				return simcity.Fault{}, fault.Err
			}
			return fault, nil
		},
	}
}

// describe tells the parameters of a struct that is pointed to and zero.
func describe(zero any) []simcity.FaultParameter {
	all, _ := parametersOf(zero) // Fault.Err tells
	told := make([]simcity.FaultParameter, 0, len(all))
	for _, p := range all {
		if p.standard != "" {
			_ = p.setStandard()
		}
		told = append(told, simcity.FaultParameter{Name: p.name, Doc: p.doc, Default: p.plain(), Allowed: p.allowed()})
	}
	return told
}

// decode reads a JSON object into the struct that is pointed to.
func decode(kind string, object json.RawMessage, pointer any) error {
	object = bytes.TrimSpace(object)
	if len(object) == 0 || string(object) == "null" {
		return nil
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(object, &given); err != nil {
		return &simcity.FieldError{Field: kind, Value: shortened(string(object)), Allowed: "a JSON object of parameters", Fix: "give each parameter by its name"}
	}
	all, err := parametersOf(pointer)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(all, func(p parameter) bool { return p.name == name })
		if i < 0 {
			return unknown(kind, name, all)
		}
		if err := all[i].read(kind, given[name]); err != nil {
			return err
		}
	}
	return nil
}

func unknown(kind, name string, all []parameter) error {
	known := make([]string, 0, len(all))
	for _, p := range all {
		known = append(known, p.name)
	}
	return &simcity.FieldError{
		Field: kind + "." + shortened(name), Value: "unknown",
		Allowed: strings.Join(known, ", "), Fix: "use one of the known names",
	}
}

// read sets the parameter from JSON.
func (p *parameter) read(kind string, text json.RawMessage) error {
	var err error
	switch {
	case string(text) == "null":
		err = fmt.Errorf("null is no value")
	case p.unit > 0:
		err = p.readDuration(text)
	default:
		err = json.Unmarshal(text, p.value.Addr().Interface())
	}
	if err != nil {
		return p.refuse(kind, string(text))
	}
	if p.empty() && p.standard != "" { // it would silently become the default
		return &simcity.FieldError{Field: kind + "." + p.name, Value: string(text), Allowed: "not nothing; " + p.allowed(), Fix: p.fix()}
	}
	return nil
}

// readDuration reads a number in the parameter's unit, or text such as "90s".
func (p *parameter) readDuration(text json.RawMessage) error {
	var x float64
	if json.Unmarshal(text, &x) == nil {
		nanos := math.Round(x * float64(p.unit))
		if !(nanos > -1<<62 && nanos < 1<<62) {
			return strconv.ErrRange
		}
		p.value.SetInt(int64(nanos))
		return nil
	}
	var words string
	if err := json.Unmarshal(text, &words); err != nil {
		return err
	}
	d, err := time.ParseDuration(words)
	if err != nil {
		return err
	}
	p.value.Set(reflect.ValueOf(d))
	return nil
}
