package simcity

import (
	"cmp"
	"fmt"
	"html"
	"strings"
	"time"
)

// The measures of the picture, in pixels.
const (
	svgMargin = 116 // left of the first column, for the time
	svgColumn = 240
	svgRow    = 22
	svgHead   = 34
	svgText   = 30 // letters that fit into a column
)

// SVG draws the last moments as a space-time diagram: a line downwards for each
// who acts, a bar on it where an operation was under way, a ring at a seam, and a
// thin path from each moment to the next, so that who overtook whom can be seen.
//
// It is an element to be put into a page, with a <title> on whatever is cut
// short. Its colours are attributes, which a content security policy need not
// allow, and its classes (name, time, path, operation, seam, fault, broken) are
// for the page's own style.
func (t Timeline) SVG() string {
	d := drawing{moments: t.last(2 * timelineMax)}
	d.names = d.moments.actors()
	width, height := svgMargin+svgColumn*len(d.names), d.y(len(d.moments))+svgRow/2
	fmt.Fprintf(&d, `<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" aria-label="who did what, when" width="%d" height="%d" viewBox="0 0 %d %d" font-family="ui-monospace, monospace" font-size="12">`+"\n",
		width, height, width, height)
	d.columns(height)
	d.path()
	for i := range d.moments {
		d.moment(i)
	}
	d.WriteString("</svg>\n")
	return d.String()
}

// A drawing is an SVG in the making.
type drawing struct {
	strings.Builder
	moments Timeline
	names   []string
}

func (d *drawing) x(actor string) int {
	for i, name := range d.names {
		if name == actor {
			return svgMargin + svgColumn*i + 12
		}
	}
	return svgMargin
}

func (d *drawing) y(i int) int { return svgHead + svgRow*i + svgRow/2 }

func (d *drawing) columns(height int) {
	for _, name := range d.names {
		x := d.x(name)
		fmt.Fprintf(d, `<text class="name" x="%d" y="16" font-weight="bold" fill="currentColor">%s</text>`+"\n", x-8, cutShort(name))
		fmt.Fprintf(d, `<line class="life" x1="%d" y1="%d" x2="%d" y2="%d" stroke="#d0d0d0"/>`+"\n", x, svgHead-8, x, height-svgRow/2)
	}
}

// path joins the moments in their order.
func (d *drawing) path() {
	if len(d.moments) == 0 {
		return
	}
	var points []string
	for i, m := range d.moments {
		points = append(points, fmt.Sprintf("%d,%d", d.x(m.Actor), d.y(i)))
	}
	fmt.Fprintf(d, `<polyline class="path" points="%s" fill="none" stroke="#bdbdbd" stroke-dasharray="2 3"/>`+"\n", strings.Join(points, " "))
}

// svgColours are those of the marks, by kind.
var svgColours = map[MomentKind]string{MomentSeam: "#8a8a8a", MomentOperation: "#2b6cb0", MomentFault: "#c05621", MomentBroken: "#c53030"}

func (d *drawing) moment(i int) {
	m := d.moments[i]
	x, y, colour := d.x(m.Actor), d.y(i), cmp.Or(svgColours[m.Kind], "#8a8a8a")
	if at := m.At.Round(time.Millisecond); i == 0 || d.moments[i-1].At.Round(time.Millisecond) != at {
		fmt.Fprintf(d, `<text class="time" x="%d" y="%d" text-anchor="end" fill="currentColor">%s</text>`+"\n", svgMargin-12, y+4, at)
	}
	switch m.Kind {
	case MomentOperation:
		top := d.y(d.began(i)) - 4
		fmt.Fprintf(d, `<rect class="operation" x="%d" y="%d" width="8" height="%d" rx="3" fill="%s" fill-opacity="0.55"/>`+"\n", x-4, top, y+5-top, colour)
	case MomentSeam:
		fmt.Fprintf(d, `<circle class="seam" cx="%d" cy="%d" r="4" fill="#fff" stroke="%s"/>`+"\n", x, y, colour)
	default:
		fmt.Fprintf(d, `<path class="%s" d="M%d %dl6 6l-6 6l-6 -6z" fill="%s"/>`+"\n", escaped(string(m.Kind)), x, y-6, colour)
	}
	fmt.Fprintf(d, `<text class="%s" x="%d" y="%d" fill="%s">%s<title>%s</title></text>`+"\n",
		escaped(string(m.Kind)), x+10, y+4, colour, cutShort(m.words()), escaped(m.words()))
}

// began is the row in which the operation that ends in row i began: that of its
// actor's first seam since then.
func (d *drawing) began(i int) int {
	first := i
	for j := i - 1; j >= 0; j-- {
		switch m := d.moments[j]; {
		case m.Actor != d.moments[i].Actor:
		case m.Kind != MomentSeam || m.At < d.moments[i].Since:
			return first
		default:
			first = j
		}
	}
	return first
}

func cutShort(text string) string {
	return escaped(shortened(text, svgText))
}

// escaped makes text fit for XML, which has no place for control characters.
func escaped(text string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " ")))
}
