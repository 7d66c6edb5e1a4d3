package telemetry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of payloads that are kept as they are.
const (
	PayloadMax   = 1 << 20 // bytes
	PayloadDepth = 100     // levels of objects and arrays
	exponentMax  = 3       // digits: no database's numbers go to 1e1000
	// excerptMax is how much of a payload beyond the limits is kept.
	excerptMax = 64 << 10
)

// Safe returns a payload in the form in which every store keeps it. JSON that all
// databases can hold is returned as it is, byte for byte. In others,
//
//   - a NUL in a string becomes U+2400 (␀), since Postgres refuses it;
//   - bytes that are not UTF-8, and halves of surrogate pairs, become U+FFFD;
//   - what is no JSON at all (NaN, a torn text), is longer than [PayloadMax],
//     deeper than [PayloadDepth], or has a number beyond all databases becomes
//     {"simcityUnsafe":{"why":…,"bytes":…,"sha256":…,"text":…}} with the length
//     and the digest of the original and its first 64 KiB as text.
//
// No payload becomes no row. The digests of an event stand for the original.
func Safe(payload json.RawMessage) json.RawMessage {
	if len(payload) == 0 {
		return json.RawMessage("{}")
	}
	if len(payload) > PayloadMax {
		return unsafe(payload, fmt.Sprintf("longer than %d bytes", PayloadMax))
	}
	clean, why := plain(payload), ""
	if !clean {
		clean, why = inspect(payload)
	}
	if why == "" && !json.Valid(payload) {
		why = "no JSON"
	}
	switch {
	case why != "":
		return unsafe(payload, why)
	case clean:
		return payload
	}
	return rewrite(payload)
}

// plain tells quickly, and for nearly all payloads, that there is nothing to
// inspect: it is asked while the run waits.
func plain(payload []byte) bool {
	if bytes.IndexByte(payload, '\\') >= 0 || !utf8.Valid(payload) ||
		bytes.Count(payload, []byte("{"))+bytes.Count(payload, []byte("[")) > PayloadDepth {
		return false
	}
	for i, c := range payload[:len(payload)-1] {
		if c|0x20 == 'e' && payload[i+1] <= '9' && payload[i+1] != '"' && payload[i+1] != ' ' && payload[i+1] != ',' {
			return false // maybe an exponent
		}
	}
	return true
}

// inspect looks through the bytes once. clean: no string needs to be rewritten.
func inspect(payload []byte) (clean bool, why string) {
	clean = true
	depth, inString, exponent := 0, false, 0
	for i := 0; i < len(payload); i++ {
		c := payload[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(payload[i:])
			if r == utf8.RuneError && size == 1 {
				clean = false
			}
			i += size - 1
		case inString && c == '\\':
			if i+1 < len(payload) && payload[i+1] == 'u' && suspect(payload[i+2:]) {
				clean = false
			}
			i++
		case c == '"':
			inString, exponent = !inString, 0
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > PayloadDepth {
				return false, fmt.Sprintf("deeper than %d levels", PayloadDepth)
			}
		case c == '}' || c == ']':
			depth--
			exponent = 0
		case c == 'e' || c == 'E': // also in true and false, where no digits follow
			exponent = 1
		case exponent > 0 && c >= '0' && c <= '9':
			if exponent++; exponent-1 > exponentMax {
				return false, "a number beyond all databases"
			}
		case c == ',' || c == ':':
			exponent = 0
		}
	}
	return clean, ""
}

// suspect tells whether the four digits of an escape are a NUL or may be half of
// a surrogate pair.
func suspect(digits []byte) bool {
	return bytes.HasPrefix(digits, []byte("0000")) || len(digits) > 1 && (digits[0] == 'd' || digits[0] == 'D') && digits[1] >= '8'
}

// rewrite replaces, in valid JSON, what databases cannot hold.
func rewrite(payload []byte) json.RawMessage {
	out := make([]byte, 0, len(payload)+64)
	for i := 0; i < len(payload); {
		c := payload[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(payload[i:])
			out = utf8.AppendRune(out, r) // U+FFFD for a byte that is none
			i += size
		case c == '\\' && payload[i+1] == 'u':
			r, size := escaped(payload[i:])
			if r == 0 {
				out = append(out, "␀"...)
			} else if r == utf8.RuneError && size == 6 {
				out = append(out, "\uFFFD"...)
			} else {
				out = append(out, payload[i:i+size]...)
			}
			i += size
		case c == '\\':
			out = append(out, c, payload[i+1])
			i += 2
		default:
			out = append(out, c)
			i++
		}
	}
	return out
}

// escaped reads \uXXXX, and both halves of a pair. Half a pair is U+FFFD.
func escaped(b []byte) (rune, int) {
	first := hexRune(b)
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if r := utf16.DecodeRune(first, hexRune(b[6:])); r != utf8.RuneError {
			return r, 12
		}
	}
	return utf8.RuneError, 6
}

func hexRune(b []byte) rune {
	n, _ := strconv.ParseUint(string(b[2:6]), 16, 32) // valid JSON has four digits there
	return rune(n)
}

// unsafe stands for a payload that cannot be kept.
func unsafe(payload []byte, why string) json.RawMessage {
	sum := sha256.Sum256(payload)
	excerpt := bytes.ToValidUTF8(payload[:min(len(payload), excerptMax)], []byte("\uFFFD"))
	text, _ := json.Marshal(map[string]any{"simcityUnsafe": map[string]any{ // strings and numbers always work
		"why": why, "bytes": len(payload), "sha256": hex.EncodeToString(sum[:]),
		"text": string(bytes.ReplaceAll(excerpt, []byte{0}, []byte("␀"))),
	}})
	return text
}

// encode is v as JSON in the safe form; what cannot be encoded says why.
func encode(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		return unsafe(fmt.Appendf(nil, "%+v", v), "no JSON: "+err.Error())
	}
	return Safe(text)
}

// encodeFigures is encode for what holds names and finite numbers alone, quicker:
// what Marshal wrote is JSON and UTF-8 already, and flat.
func encodeFigures(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err == nil && len(text) <= PayloadMax && !bytes.Contains(text, []byte(`\u`)) {
		return text
	}
	return encode(v)
}

// safeText is a word or a name as stores keep it.
func safeText(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == 0 || c >= utf8.RuneSelf {
			return string(bytes.ReplaceAll(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD")), []byte{0}, []byte("␀")))
		}
	}
	return s
}
