package main

import "go.yaml.in/yaml/v3"

// What a body may hold at most; the server reads no more (internal/platform/config MAX_BODY_BYTES, internal/platform/validation).
const (
	maxBodyBytes  = 1 << 20
	maxSigned     = 14 << 20 // and of a body that has signed content
	maxBodyValues = 10_000
	maxBodyText   = 8_192   // of a text of a body whose documents name no length
	maxBodyItems  = 100     // of a list of a body whose documents name no number
	maxParameter  = 1 << 16 // a request's line and headers together
	maxPageSize   = 300     // MAX_PAGE_SIZE
)

// formatLengths are the longest values of formats that have one.
var formatLengths = map[string]int{
	"date": len("2026-03-25"), "date-time": len("2026-03-25T10:45:16.123456789+02:00"), "moment": len("2026-03-25T10:45:16.123456789+02:00"), "uuid": len("97d57238-ffbe-4335-92ea-28d4de117ea2"),
}

// limits says how long the strings and lists of a place are at most, when their schema does not tell.
type limits struct {
	text, items int
	byFormat    bool // not in request bodies, where a value that breaks its format would break its length as well
}

var (
	inRequest   = limits{text: maxBodyText, items: maxBodyItems}
	inParameter = limits{text: maxParameter, items: maxBodyValues, byFormat: true}
	inResponse  = limits{text: maxBodyBytes, items: maxBodyValues, byFormat: true}
)

// limit completes all schemas: no string and no list is without a limit. Schemas that a request body uses count as its
// own, wherever else they stand.
func (c *contract) limit() {
	done := map[*yaml.Node]bool{}
	for _, op := range c.operations {
		c.limitSchemas(at(op.node, "requestBody"), inRequest, done)
	}
	for _, op := range c.operations {
		c.limitSchemas(at(op.item, "parameters"), inParameter, done)
		c.limitSchemas(at(op.node, "parameters"), inParameter, done)
		c.limitSchemas(at(op.node, "responses"), inResponse, done)
	}
	c.limitSchemas(at(c.root, "components"), inResponse, done)
}

// limitSchemas completes the schemas below n and those that they refer to.
func (c *contract) limitSchemas(n *yaml.Node, l limits, done map[*yaml.Node]bool) {
	if n == nil || done[n] {
		return
	}
	done[n] = true
	if ref := text(n, "$ref"); ref != "" {
		c.limitSchemas(c.resolve(ref), l, done)
		return
	}
	switch text(n, "type") {
	case "string":
		l.limitString(n)
	case "array":
		setDefault(n, "maxItems", l.items)
	}
	if properties := at(n, "properties"); at(properties, "paging") != nil {
		setDefault(c.follow(at(properties, "data")), "maxItems", maxPageSize)
	}
	for key, value := range entries(n) {
		if key != "example" && key != "examples" && key != "default" && key != "enum" {
			c.limitSchemas(value, l, done)
		}
	}
	for _, item := range items(n) {
		c.limitSchemas(item, l, done)
	}
}

func (l limits) limitString(schema *yaml.Node) {
	if at(schema, "enum") != nil {
		return
	}
	longest := l.text
	if text(schema, "format") == "signed-content" {
		longest = maxSigned
	}
	if known, ok := formatLengths[text(schema, "format")]; ok && l.byFormat {
		longest = known
	}
	setDefault(schema, "maxLength", longest)
}

func setDefault(schema *yaml.Node, keyword string, value int) {
	if at(schema, keyword) == nil {
		set(schema, keyword, value)
	}
}
