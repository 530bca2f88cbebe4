package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// node is an element of a parsed page.
type node struct {
	name     string
	attrs    map[string]string
	text     string // of the element and its descendants
	children []*node
}

// write renders a report and parses the page, which must be well-formed XML.
func write(t testing.TB, r Report) *node {
	t.Helper()
	var page bytes.Buffer
	require.NoError(t, Write(&page, r))
	require.True(t, strings.HasPrefix(page.String(), "<!DOCTYPE html>"))
	root := &node{}
	open := []*node{root}
	for d := xml.NewDecoder(&page); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			parent := open[len(open)-1]
			parent.children = append(parent.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, n := range open {
				n.text += string(token)
			}
		}
	}
	return root
}

// all returns the descendants with a name and, unless it is empty, a class, in
// document order.
func (n *node) all(name, class string) []*node {
	var found []*node
	for _, c := range n.children {
		if c.name == name && (class == "" || c.is(class)) {
			found = append(found, c)
		}
		found = append(found, c.all(name, class)...)
	}
	return found
}

func (n *node) is(class string) bool {
	for _, c := range strings.Fields(n.attrs["class"]) {
		if c == class {
			return true
		}
	}
	return false
}

// chart returns the chart with the given id.
func (n *node) chart(t testing.TB, id string) *node {
	t.Helper()
	for _, svg := range n.all("svg", "") {
		if strings.HasPrefix(svg.attrs["aria-labelledby"], id+"-title") {
			return svg
		}
	}
	require.Failf(t, "no such chart", "%s", id)
	return nil
}

// section returns the section with the given heading.
func (n *node) section(t testing.TB, heading string) *node {
	t.Helper()
	for _, s := range n.all("section", "") {
		if s.all("h2", "")[0].text == heading {
			return s
		}
	}
	require.Failf(t, "no such section", "%s", heading)
	return nil
}

// number parses an attribute, without its per cent sign.
func (n *node) number(t testing.TB, attr string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.TrimSuffix(n.attrs[attr], "%"), 64)
	require.NoError(t, err, "%s of %v", attr, n)
	return v
}

// texts returns the texts of nodes.
func texts(nodes []*node) []string {
	var t []string
	for _, n := range nodes {
		t = append(t, n.text)
	}
	return t
}

// value parses a number as formatted in the page.
func value(t testing.TB, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.NewReplacer(",", "", "−", "-").Replace(text), 64)
	require.NoError(t, err)
	return v
}
