package main

import (
	"errors"
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// name is the words of a name, each as in DeclarationRequests.
type name []string

// inGo spells initialisms as openapi/oapi-codegen-client.yaml has them.
func (n name) inGo() string {
	return initialisms.Replace(strings.Join(n, ""))
}

var initialisms = strings.NewReplacer("Otp", "OTP", "Sms", "SMS")

func (n name) inTypeScript() string {
	if len(n) == 0 {
		return ""
	}
	return strings.ToLower(n[0]) + strings.Join(n[1:], "")
}

// resourceName makes AllergyIntolerances of "Allergy intolerances", and DiagnosesGroups of "Groups of diagnoses".
func resourceName(tag string) name {
	if what, of, ok := strings.Cut(tag, " of "); ok {
		tag = of + " " + what
	}
	var n name
	for word := range strings.FieldsSeq(tag) {
		n = append(n, capital(word))
	}
	return n
}

var (
	word    = regexp.MustCompile(`^[a-z]+|[A-Z][a-z0-9]*`)
	version = regexp.MustCompile(`^V[0-9]+$`)
)

// operationName is the operation's id without the resource, which stands after the verb or at the end:
//
//	createDivision           Create
//	listDeviceDefinitionsV1  ListV1
//	markInErrorDeviceRequest MarkInError
//	listApprovedEpisodes     ListApproved
//	getEpisodeCondition      GetOfEpisode, for the episode is a part of the path
//	listServices             ListServices, for they are no resource of their own
func operationName(id, path string, resource name) name {
	words := word.FindAllString(id, -1)
	words[0] = capital(words[0])
	var end name
	if last := len(words) - 1; version.MatchString(words[last]) {
		words, end = words[:last], words[last:]
	}
	verb, rest := words[:1], words[1:]
	for _, noun := range []name{resource, singular(resource)} {
		size := len(noun)
		if len(rest) < size {
			continue
		}
		switch at := len(rest) - size; {
		case slices.Equal(rest[:size], noun):
			return slices.Concat(verb, rest[size:], end)
		case slices.Equal(rest[at:], noun):
			whose := rest[:at]
			if strings.Contains(path, "/"+strings.ToLower(strings.Join(whose, "_"))+"s/{") {
				verb = append(slices.Clone(verb), "Of")
			}
			return slices.Concat(verb, whose, end)
		}
	}
	return slices.Concat(verb, rest, end)
}

// iteratorName makes All of List, AllApproved of ListApproved, SearchAll of Search.
func iteratorName(list name) name {
	if list[0] == "List" {
		return slices.Concat(name{"All"}, list[1:])
	}
	return slices.Concat(list, name{"All"})
}

func singular(plural name) name {
	n := slices.Clone(plural)
	last := &n[len(n)-1]
	if stem, ok := strings.CutSuffix(*last, "ies"); ok {
		*last = stem + "y"
	} else {
		*last = strings.TrimSuffix(*last, "s")
	}
	return n
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// unique refuses names that are taken already, and what is no name.
func unique(resources []*resource) error {
	var problems []error
	taken := map[string]string{}
	claim := func(owner, called, by string) {
		if !token.IsIdentifier(called) || !token.IsExported(called) {
			problems = append(problems, fmt.Errorf("%s: %q is no name", by, called))
		}
		if before, ok := taken[owner+called]; ok {
			problems = append(problems, fmt.Errorf("%s and %s would both be %s%s: give one another operationId", before, by, owner, called))
		}
		taken[owner+called] = by
	}
	for _, r := range resources {
		claim("", r.name.inGo(), "tag "+strings.Join(r.name, " "))
		for _, op := range r.operations {
			claim(r.name.inGo()+".", op.name.inGo(), op.id)
			if op.all != nil {
				claim(r.name.inGo()+".", op.all.inGo(), "all pages of "+op.id)
			}
		}
	}
	return errors.Join(problems...)
}
