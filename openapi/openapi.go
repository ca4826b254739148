// Package openapi holds the contract of the API: one OpenAPI 3.0.3 document, made by openapi/bundle from openapi/src.
package openapi

import _ "embed"

// Document is the contract. Its readers get what openapi/publish makes of it.
//
//go:embed openapi.yaml
var Document []byte

// Requests is the part of the document that a server asks about requests: operations with their sources, parameters and
// bodies, without texts, examples and answers. It is JSON, and small: reading the document itself takes a server longer
// than all the rest of its start.
//
//go:embed requests.json
var Requests []byte

// Shapes is the document without texts, examples and rules: what answers are checked against. It is JSON.
//
//go:embed shapes.json
var Shapes []byte
