// Package openapi holds the contract of the API: one OpenAPI 3.0.3 document, made by openapi/bundle from openapi/src.
package openapi

import "embed"

// Document is the contract. Its readers get what openapi/publish makes of it.
//
//go:embed openapi.yaml
var Document []byte

// Files holds the Ukrainian texts, uk.yaml, when they are there.
//
//go:embed *.yaml
var Files embed.FS
