// Package docs holds the documents, so that a sandbox can show them offline.
package docs

import "embed"

// Files are the pages and their pictures. A page in uk/ is the Ukrainian of the page of the same name.
//
//go:embed *.md operations/*.md uk/*.md img uk/img bench/*.svg
var Files embed.FS
