package testhooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// bodyMax is the longest body that a call may have, in bytes.
const bodyMax = 16 << 10

// decode reads the body of a request, a JSON object, into the struct that into
// points to, and refuses fields that it does not have.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMax))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		var more json.RawMessage
		if err = decoder.Decode(&more); err == nil {
			return &failure{status: http.StatusBadRequest, Code: "bad_json", Message: "the body goes on after its object", Allowed: fieldsOf(into)}
		}
	}
	return misread(err, into)
}

// misread tells why a body could not be read; its end is none.
func misread(err error, into any) error {
	var tooLong *http.MaxBytesError
	var ofType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &tooLong):
		return &failure{status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: fmt.Sprintf("the body is longer than %d bytes", bodyMax), Allowed: fmt.Sprintf("%d bytes", bodyMax)}
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case errors.As(err, &ofType) && ofType.Field != "":
		return wrong(ofType.Field, "a JSON "+ofType.Value, typeName(ofType.Type), "send "+typeName(ofType.Type))
	}
	if _, name, unknown := strings.Cut(err.Error(), "unknown field "); unknown {
		name = shortened(strings.Trim(name, `"`))
		return &failure{status: http.StatusBadRequest, Code: "unknown_field", Message: fmt.Sprintf("%q is no field of this call", name), Field: name, Allowed: fieldsOf(into), Fix: "use the known names"}
	}
	why := strings.TrimPrefix(err.Error(), "json: ")
	if ofType != nil {
		why = "it is a JSON " + ofType.Value
	}
	return &failure{status: http.StatusBadRequest, Code: "bad_json", Message: "the body is no JSON object: " + why, Allowed: fieldsOf(into)}
}

func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Struct, reflect.Map, reflect.Slice:
		return "a JSON object"
	}
	return "a whole number"
}

// fieldsOf names the fields of the struct that is pointed to.
func fieldsOf(pointer any) string {
	t := reflect.TypeOf(pointer).Elem()
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return "an object with " + strings.Join(names, ", ")
}
