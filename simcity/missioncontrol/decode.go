package missioncontrol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A field is one that a body may have. read takes its JSON, which is not null.
type field struct {
	name     string
	required bool
	read     func(text json.RawMessage) error
}

// decodeBody reads the body of a request as a JSON object that has no fields but
// these. A null is a field that is not there, and nothing at all an empty object.
func decodeBody(w http.ResponseWriter, r *http.Request, most int64, fields ...field) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &failure{status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: fmt.Sprintf("the body is longer than %d bytes", most), Allowed: fmt.Sprintf("%d bytes", most)}
	case err != nil:
		return &failure{status: http.StatusBadRequest, Code: "bad_json", Message: "the body could not be read: " + err.Error()}
	}
	return decodeObject(text, fields...)
}

func decodeObject(text []byte, fields ...field) error {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		text = []byte("{}")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		why := "it is null"
		if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			why = "it is a JSON " + mistyped.Value
		} else if err != nil {
			why = err.Error()
		}
		return &failure{status: http.StatusBadRequest, Code: "bad_json", Message: "the body is no JSON object: " + why, Allowed: "an object with " + allowedNames(fields)}
	}
	var unknown []string
	for name := range object {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return &failure{status: http.StatusBadRequest, Code: "unknown_field", Message: fmt.Sprintf("%q is no field of this call; allowed: %s", unknown[0], allowedNames(fields)),
			Field: unknown[0], Allowed: allowedNames(fields)}
	}
	for _, f := range fields {
		value, ok := object[f.name]
		if !ok || string(value) == "null" {
			if f.required {
				return &failure{status: http.StatusBadRequest, Code: "missing_field", Message: f.name + " is missing", Field: f.name}
			}
			continue
		}
		if err := f.read(value); err != nil {
			return err
		}
	}
	return nil
}

func allowedNames(fields []field) string {
	if len(fields) == 0 {
		return "no fields"
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// text is a field that is a string.
func text(name string, required bool, into *string) field {
	return field{name, required, func(raw json.RawMessage) error {
		if json.Unmarshal(raw, into) != nil {
			return wrong(name, shown(raw), "a string", "")
		}
		return nil
	}}
}

// number is a field that is a number between two others, of which the lower is not
// allowed if above is set.
func number(name string, required bool, low, high float64, above bool, into *float64) field {
	allowed := fmt.Sprintf("a number from %.0f to %.0f", low, high)
	if above {
		allowed = fmt.Sprintf("a number above %.0f, to %.0f", low, high)
	}
	return field{name, required, func(raw json.RawMessage) error {
		var value float64
		if json.Unmarshal(raw, &value) != nil || !(value >= low && value <= high) || above && value == low {
			return wrong(name, shown(raw), allowed, "")
		}
		*into = value
		return nil
	}}
}

// integer is a field with a whole number of up to 64 bits, as number or string.
func integer(name string, required bool, low, high uint64, into *uint64) field {
	return field{name, required, func(raw json.RawMessage) error {
		value, err := parseInteger(strings.Trim(string(raw), `"`), low, high)
		if err != nil {
			return wrong(name, shown(raw), fmt.Sprintf("%d to %d, as number or string", low, high), "")
		}
		*into = value
		return nil
	}}
}

func parseInteger(digits string, low, high uint64) (uint64, error) {
	value, err := strconv.ParseUint(digits, 10, 64)
	if err == nil && (value < low || value > high || digits[0] == '+') {
		err = strconv.ErrRange
	}
	return value, err
}

// object is a field that is passed on as it is.
func object(name string, required bool, into *json.RawMessage) field {
	return field{name, required, func(raw json.RawMessage) error {
		if raw[0] != '{' {
			return wrong(name, shown(raw), "a JSON object", "")
		}
		*into = raw
		return nil
	}}
}

// shown is a value as errors show it: not all of it when it is long.
func shown(raw json.RawMessage) any {
	const most = 100
	if len(raw) > most {
		return strings.ToValidUTF8(string(raw[:most]), "") + "..."
	}
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	switch v := value.(type) {
	case float64:
		return json.Number(raw)
	case string:
		return quote(v)
	}
	return value
}

// A quoted is a text that stands in quotes where a sentence tells it.
type quoted string

func (q quoted) String() string { return strconv.Quote(string(q)) }

// quote is a text as errors show it: not all of it when it is long.
func quote(text string) quoted { return quoted(fmt.Sprintf("%.100s", strings.ToValidUTF8(text, "?"))) }

// query reads the parameters of a request, which has none but those named.
func query(r *http.Request, names ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &failure{status: http.StatusBadRequest, Code: "invalid_field", Message: "the query cannot be read: " + err.Error(), Field: "query"}
	}
	allowed := "no parameters"
	if len(names) > 0 {
		allowed = strings.Join(names, ", ")
	}
	unknown := make([]string, 0, len(values))
	for name, all := range values {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		} else if len(all) > 1 {
			return nil, wrong(name, strings.Join(all, ", "), "one value", "")
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, &failure{status: http.StatusBadRequest, Code: "unknown_field", Message: fmt.Sprintf("%q is no parameter of this call; allowed: %s", unknown[0], allowed),
			Field: unknown[0], Allowed: allowed}
	}
	return values, nil
}

// wholeNumber is a parameter with a whole number, or otherwise without it.
func wholeNumber(values url.Values, name string, low, high, otherwise uint64) (uint64, error) {
	digits := values.Get(name)
	if !values.Has(name) {
		return otherwise, nil
	}
	value, err := parseInteger(digits, low, high)
	if err != nil {
		return 0, wrong(name, quote(digits), fmt.Sprintf("%d to %d", low, high), "")
	}
	return value, nil
}
