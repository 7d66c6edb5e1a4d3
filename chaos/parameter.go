package chaos

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity"
)

// A parameter is a field of a fault's struct, as its tags describe it:
//
//	json     its name
//	doc      what it means, in a few words
//	default  what a zero value means; none: zero itself
//	range    the numbers that it takes, "0..1", or ">0..1" without the 0; besides
//	         them zero, for none, where there is no default
//	oneof    the words that it takes, separated by blanks
//	unit     of a time.Duration, as JSON gives it: ms, s or min
//	required "true": there is no default
type parameter struct {
	name     string
	doc      string
	standard string
	limits   *limits
	words    []string
	unit     time.Duration
	required bool
	value    reflect.Value
}

// limits are the numbers that a parameter takes.
type limits struct {
	low, high float64
	above     bool // low itself is not allowed
	unit      string
}

var units = map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "min": time.Minute}

var (
	durationType = reflect.TypeFor[time.Duration]()
	wordsType    = reflect.TypeFor[[]string]()
)

// parametersOf lists the parameters of a struct that is pointed to.
func parametersOf(pointer any) ([]parameter, error) {
	v := reflect.ValueOf(pointer)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("chaos: parameters are the fields of a struct: give a pointer to one, not %T", pointer)
	}
	return appendParameters(nil, v.Elem())
}

func appendParameters(all []parameter, v reflect.Value) ([]parameter, error) {
	var err error
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if all, err = appendParameters(all, v.Field(i)); err != nil {
				return nil, err
			}
			continue
		}
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); !field.IsExported() || name == "" || name == "-" {
			continue
		}
		p, err := parameterOf(field, v.Field(i))
		if err != nil {
			return nil, fmt.Errorf("chaos: field %s of %s: %w", field.Name, v.Type(), err)
		}
		all = append(all, p)
	}
	return all, nil
}

func parameterOf(field reflect.StructField, v reflect.Value) (parameter, error) {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	p := parameter{
		name: name, doc: field.Tag.Get("doc"), standard: field.Tag.Get("default"),
		words: strings.Fields(field.Tag.Get("oneof")), required: field.Tag.Get("required") == "true", value: v,
	}
	var err error
	if text := field.Tag.Get("range"); text != "" {
		if p.limits, err = parseLimits(text); err != nil {
			return p, err
		}
		p.limits.unit = field.Tag.Get("unit")
	}
	switch {
	case field.Type == durationType:
		if p.unit = units[field.Tag.Get("unit")]; p.unit == 0 {
			return p, fmt.Errorf("a time.Duration needs a unit: tag it `unit:\"ms\"`, s or min")
		}
	case field.Type != wordsType && !slices.Contains([]reflect.Kind{reflect.Float64, reflect.Int, reflect.Int64, reflect.String, reflect.Bool}, v.Kind()):
		return p, fmt.Errorf("a parameter cannot be of type %s: use float64, int, int64, string, []string, bool or time.Duration", field.Type)
	}
	if p.standard != "" {
		trial := p
		trial.value = reflect.New(v.Type()).Elem()
		return p, trial.setStandard()
	}
	return p, nil
}

func parseLimits(text string) (*limits, error) {
	low, high, ok := strings.Cut(strings.TrimPrefix(text, ">"), "..")
	l := &limits{above: strings.HasPrefix(text, ">")}
	var errLow, errHigh error
	l.low, errLow = strconv.ParseFloat(low, 64)
	l.high, errHigh = strconv.ParseFloat(high, 64)
	if err := cmp.Or(errLow, errHigh); !ok || err != nil {
		return nil, fmt.Errorf("range %q is not \"0..1\" or \">0..1\"", text)
	}
	return l, nil
}

func (l *limits) String() string {
	text := number(l.low) + " to " + number(l.high)
	if l.above {
		text = "more than " + number(l.low) + ", up to " + number(l.high)
	}
	if l.unit != "" {
		text += " " + l.unit
	}
	return text
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// contains is false for NaN.
func (l *limits) contains(x float64) bool {
	return x >= l.low && x <= l.high && (!l.above || x > l.low)
}

// setStandard gives the parameter its default.
func (p *parameter) setStandard() error {
	switch p.value.Kind() {
	case reflect.String:
		p.value.SetString(p.standard)
		return nil
	case reflect.Slice:
		p.value.Set(reflect.ValueOf(strings.Fields(p.standard)))
		return nil
	case reflect.Bool:
		return fmt.Errorf("the default of a bool is false")
	}
	x, err := strconv.ParseFloat(p.standard, 64)
	switch {
	case err != nil:
		return fmt.Errorf("default %q is no number", p.standard)
	case p.value.Kind() == reflect.Float64:
		p.value.SetFloat(x)
	case p.unit > 0:
		p.value.SetInt(int64(x * float64(p.unit)))
	default:
		p.value.SetInt(int64(x))
	}
	return nil
}

// empty is what stands for the default; a list without words does too.
func (p *parameter) empty() bool {
	return p.value.IsZero() || p.value.Kind() == reflect.Slice && p.value.Len() == 0
}

// plain is the value as JSON tells it: durations are numbers in their unit.
func (p *parameter) plain() any {
	if p.unit > 0 {
		return float64(p.value.Int()) / float64(p.unit)
	}
	return p.value.Interface()
}

// figure is the value as a number.
func (p *parameter) figure() float64 {
	switch plain := p.plain().(type) {
	case float64:
		return plain
	default:
		return float64(p.value.Int())
	}
}

// allowed says what values the parameter takes.
func (p *parameter) allowed() string {
	text := "text"
	switch {
	case p.value.Kind() == reflect.Slice && len(p.words) > 0:
		text = "a list of " + strings.Join(p.words, ", ")
	case p.value.Kind() == reflect.Slice:
		text = "a list of text"
	case len(p.words) > 0:
		text = strings.Join(p.words, ", ")
	case p.limits != nil:
		text = p.limits.String()
	case p.unit > 0:
		text = "a duration"
	case p.value.Kind() == reflect.Bool:
		text = "true, false"
	case p.value.Kind() != reflect.String:
		text = "a number"
	}
	if p.required {
		text += "; required"
	}
	return text
}

// fix says how to mend a wrong value.
func (p *parameter) fix() string {
	switch {
	case p.required:
		return "name it: " + p.doc
	case p.standard != "" && p.unit > 0:
		return "leave it out for " + p.standard + " " + p.limits.unitName()
	case p.standard != "":
		return "leave it out for " + p.standard
	}
	if _, empty, ok := strings.Cut(p.doc, "; empty: "); ok {
		return "leave it out for " + empty
	}
	return "leave it out for none"
}

func (l *limits) unitName() string {
	if l == nil {
		return ""
	}
	return l.unit
}

// check reports a value that cannot work.
func (p *parameter) check(kind string) error {
	wrong := false
	switch {
	case p.required && p.empty():
		wrong = true
	case p.value.Kind() == reflect.Slice:
		wrong = slices.ContainsFunc(p.value.Interface().([]string), p.unheard)
	case len(p.words) > 0 && !(p.empty() && p.standard == ""): // likewise
		wrong = p.unheard(p.value.String())
	case p.limits != nil && !p.empty(): // an empty one has no default: it means none
		wrong = !p.limits.contains(p.figure())
	}
	if !wrong {
		return nil
	}
	return p.refuse(kind, p.plain())
}

// unheard is a word that the parameter does not take.
func (p *parameter) unheard(word string) bool {
	if len(p.words) == 0 {
		return word == ""
	}
	return !slices.Contains(p.words, word)
}

func (p *parameter) refuse(kind string, value any) error {
	switch given := value.(type) {
	case string:
		value = strconv.Quote(shortened(given))
	case []string:
		value = shortened(fmt.Sprintf("%q", given))
	}
	return &simcity.FieldError{Field: kind + "." + p.name, Value: value, Allowed: p.allowed(), Fix: p.fix()}
}

// shortened keeps messages readable, whatever was sent.
func shortened(text string) string {
	if len(text) > 80 {
		return text[:80] + "..."
	}
	return text
}
