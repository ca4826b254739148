// Supply reads the lists of parts (SBOM, CycloneDX) of the programs that we hand
// out and adds the licence of each part. It fails when a part, or a package of the
// TypeScript client, comes under a licence that we have not agreed to.
//
// cyclonedx-gomod, which makes the lists, can look for licences too. It finds
// none for some modules, a wrong one for golang.org/x, and one where a file has two.
//
//	go -C internal/lab run ./supply -client $PWD/gen/ts/package-lock.json $PWD/bin/release/esoz.cdx.json
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	client := flag.String("client", "", "lock of the packages that the TypeScript client needs")
	texts := flag.String("texts", "", "file to write the texts of all licences into")
	embedded := flag.String("embedded", "", "folders, parted by commas, with the licences of what is a part of the programs and no module")
	flag.Parse()
	if err := run(*client, *texts, *embedded, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(client, texts, embedded string, lists []string, out io.Writer) error {
	folders, err := exec.CommandContext(context.Background(), "go", "env", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("ask go for its module cache: %w", err)
	}
	cache, root, _ := strings.Cut(strings.TrimSpace(string(folders)), "\n")
	lawyer, err := newLawyer(cache)
	if err != nil {
		return err
	}
	var refused []error
	for _, list := range lists {
		n, err := lawyer.judgeList(list)
		if err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", list, err))
			continue
		}
		fmt.Fprintf(out, "%s: %d modules, all under licences that we have agreed to\n", filepath.Base(list), n)
	}
	packages, err := judgePackages(client)
	if err != nil {
		return errors.Join(append(refused, err)...)
	}
	fmt.Fprintf(out, "%s: %d packages, all under licences that we have agreed to\n", client, packages)
	if texts != "" && len(refused) == 0 {
		return lawyer.writeTexts(texts, root, embedded)
	}
	return errors.Join(refused...)
}

// judgeList adds the licences to a list of parts and counts the parts.
func (l *lawyer) judgeList(file string) (int, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read the parts: %w", err)
	}
	list := cyclonedx.NewBOM()
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(raw), cyclonedx.BOMFileFormatJSON).Decode(list); err != nil {
		return 0, fmt.Errorf("read the parts: %w", err)
	}
	if list.Components == nil || list.Metadata == nil || list.Metadata.Component == nil {
		return 0, errors.New("this is no list of the parts of a program")
	}
	list.Metadata.Component.Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}}
	if err := l.judge(*list.Components); err != nil {
		return 0, err
	}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(list); err != nil {
		return 0, fmt.Errorf("encode the parts: %w", err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		return 0, fmt.Errorf("write the parts: %w", err)
	}
	return len(*list.Components), nil
}
