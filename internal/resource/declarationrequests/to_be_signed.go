package declarationrequests

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
)

//go:embed form.html
var formText string

// form is what the person reads and signs. The national system keeps its own in its
// template service.
var form = template.Must(template.New("form").Parse(formText))

// toBeSigned makes the object that the doctor signs, and the form in it.
func (s *acting) toBeSigned(ctx context.Context) (json.RawMessage, string, error) {
	parties, err := s.Store.parties(ctx, s.found, s.Now)
	if err != nil {
		return nil, "", err
	}
	d := s.found
	signed := map[string]any{
		"id": d.ID, "status": statusApproved, "declaration_number": d.DeclarationNumber, "declaration_id": d.DeclarationID,
		"start_date": d.StartDate, "end_date": d.EndDate, "channel": d.Channel, "seed": rand.Text(),
	}
	for name, party := range map[string]json.RawMessage{
		"person": parties.Person, "employee": parties.Employee, "legal_entity": parties.LegalEntity, "division": parties.Division,
	} {
		var fields map[string]any
		if err := json.Unmarshal(party, &fields); err != nil {
			return nil, "", fmt.Errorf("read %s of declaration request %s: %w", name, d.ID, err)
		}
		if name == "person" && d.Method.Type == methodNone && d.ParentDeclarationID != nil {
			fields["patient_signed"], fields["process_disclosure_data_consent"] = nil, nil
		}
		signed[name] = fields
	}
	if d.AuthorizeWith != nil {
		signed["authorize_with"] = d.AuthorizeWith
	}
	var printed strings.Builder
	if err := form.Execute(&printed, signed); err != nil {
		return nil, "", fmt.Errorf("print declaration request %s: %w", d.ID, err)
	}
	signed["content"] = printed.String()
	encoded, err := json.Marshal(signed)
	if err != nil {
		return nil, "", fmt.Errorf("encode declaration request %s: %w", d.ID, err)
	}
	return encoded, printed.String(), nil
}
