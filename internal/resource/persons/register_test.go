package persons_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A search shows of a person what identifies them, and else only what was asked
// for and agrees.
func TestSearchShowsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	base := url.Values{"first_name": {"ПЕТРО"}, "last_name": {" іваненко "}, "birth_date": {"1985-07-05"}}
	always := map[string]any{
		"id": world.ID("patient").String(), "first_name": "Петро", "last_name": "Іваненко", "second_name": "Миколайович", "gender": "MALE",
		"birth_country": "Україна", "birth_settlement": "Бердичів", "merged_persons": []any{}, "birth_date": "1985-07-05",
	}
	for name, c := range map[string]struct {
		more url.Values
		key  string
		want any
	}{
		"nothing":             {},
		"tax number":          {url.Values{"tax_id": {"3121203456"}}, "tax_id", "3121203456"},
		"another tax number":  {url.Values{"tax_id": {"3121203457"}}, "tax_id", nil},
		"unzr":                {url.Values{"unzr": {"19850705-01234"}}, "unzr", "19850705-01234"},
		"phone":               {url.Values{"phone_number": {world.PatientPhone}}, "phones", []any{map[string]any{"type": "MOBILE", "number": world.PatientPhone}}},
		"birth certificate":   {url.Values{"birth_certificate": {"І-ам123456"}}, "documents", []any{map[string]any{"type": "BIRTH_CERTIFICATE", "number": "І-АМ123456"}}},
		"another second name": {url.Values{"second_name": {"Інший"}}, "second_name", "Миколайович"},
	} {
		query := url.Values{}
		for _, values := range []url.Values{base, c.more} {
			for key := range values {
				query.Set(key, values.Get(key))
			}
		}
		want := map[string]any{}
		for key, value := range always {
			want[key] = value
		}
		if c.want != nil {
			want[c.key] = c.want
		}
		require.Equal(t, []map[string]any{want}, find(t, s, query), name)
	}
}

// Two things that agree find a person, whatever else is wrong.
func TestSearchFindsByTwoThings(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for name, c := range map[string]struct {
		query url.Values
		found int
	}{
		"tax number and phone":           {url.Values{"tax_id": {"3121203456"}, "phone_number": {world.PatientPhone}}, 1},
		"tax number and last name":       {url.Values{"tax_id": {"3121203456"}, "last_name": {"Іваненко"}}, 1},
		"tax number alone":               {url.Values{"tax_id": {"3121203456"}}, 0},
		"birth certificate and phone":    {url.Values{"birth_certificate": {"І-АМ123456"}, "phone_number": {world.PatientPhone}}, 1},
		"birth certificate and name":     {url.Values{"birth_certificate": {"І-АМ123456"}, "last_name": {"Іваненко"}}, 1},
		"phone and last name":            {url.Values{"phone_number": {world.PatientPhone}, "last_name": {"Іваненко"}}, 1},
		"phone of a method and name":     {url.Values{"phone_number": {world.NewcomerPhone}, "last_name": {"Остапчук"}}, 1},
		"phone of somebody else":         {url.Values{"phone_number": {world.NewcomerPhone}, "last_name": {"Іваненко"}}, 0},
		"names without the day":          {url.Values{"first_name": {"Петро"}, "last_name": {"Іваненко"}}, 0},
		"the day and one name":           {url.Values{"last_name": {"Іваненко"}, "birth_date": {"1985-07-05"}}, 0},
		"an inactive person, all agrees": {url.Values{"first_name": {"Степан"}, "last_name": {"Кузьменко"}, "birth_date": {"1947-12-01"}}, 0},
	} {
		query := url.Values{"first_name": {"Ніхто"}, "last_name": {"Ніхто"}, "birth_date": {"1900-01-01"}}
		for key := range c.query {
			query.Set(key, c.query.Get(key))
		}
		require.Len(t, find(t, s, query), c.found, name)
	}
}

func find(t *testing.T, s *testkit.Server, query url.Values) (found []map[string]any) {
	t.Helper()
	answer := s.Send(t, testkit.As("sandbox-doctor", http.MethodGet, "/api/persons?"+query.Encode(), nil))
	require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
	answer.Data(t, &found)
	return found
}

func TestAuthenticationMethodsAreMasked(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	methods := func(person string) (found []map[string]any) {
		answer := s.Send(t, testkit.As("sandbox-doctor", http.MethodGet, "/api/persons/"+world.ID(person).String()+"/authentication_methods", nil))
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
		require.NotContains(t, string(answer.Raw), world.PatientPhone)
		require.NotContains(t, string(answer.Raw), world.ConfidantPhone)
		answer.Data(t, &found)
		return found
	}
	own := methods("patient")
	require.Len(t, own, 1)
	require.Equal(t, "+38093*****74", own[0]["phone_number"])
	require.NotContains(t, own[0], "value")

	byConfidant := methods("confided_patient")
	require.Len(t, byConfidant, 1)
	require.Equal(t, world.ID("confidant").String(), byConfidant[0]["value"])
	require.Equal(t, map[string]any{
		"id": world.ID("confidant").String(), "name": "Гринько Т.О.", "gender": "MALE", "no_tax_id": true, "phones": map[string]any{"number": "+38093*****79"},
		"documents_person": []any{map[string]any{"type": "PASSPORT", "number": "******21"}},
	}, byConfidant[0]["confidant_person"])

	byStranger := methods("third_person_patient")
	require.Len(t, byStranger, 1)
	require.NotContains(t, byStranger[0], "confidant_person", "a third person who is no confidant is not shown")

	require.Empty(t, methods("methodless_patient"), "NA is no method")
	_, err := s.Pool.Exec(t.Context(), "UPDATE mpi.person_authentication_methods SET is_active = false WHERE person_id = $1", world.ID("confidant"))
	require.NoError(t, err)
	require.Empty(t, methods("confided_patient"), "who cannot confirm for themselves confirms for nobody")
}

func TestRelationshipsInForceAndOver(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	list := func(query string) (found []map[string]any) {
		path := "/api/persons/" + world.ID("confided_patient").String() + "/confidant_person_relationships"
		answer := s.Send(t, testkit.As("sandbox-doctor", http.MethodGet, path+query, nil))
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
		answer.Data(t, &found)
		return found
	}
	now := list("")
	require.Len(t, now, 1)
	require.NotContains(t, now[0], "active_to")
	require.Equal(t, []any{map[string]any{"type": "BIRTH_CERTIFICATE", "number": "********21"}}, now[0]["documents_relationship"])
	require.Equal(t, map[string]any{"verification_status": "VERIFIED", "verification_reason": "MANUAL_CREATED_BY_DOCTOR"}, now[0]["relationship_verification_details"])
	confidant := now[0]["confidant_person"].(map[string]any)
	require.Equal(t, []any{map[string]any{"type": "MOBILE", "number": "+38093*****79"}}, confidant["phones"])
	require.Equal(t, "Гринько Т.О.", confidant["name"])

	over := list("?is_expired=true")
	require.Len(t, over, 1)
	require.Equal(t, world.ID("third_person").String(), over[0]["confidant_person"].(map[string]any)["person_id"])
	require.Equal(t, now, list("?is_expired=false"))
}

// Personal data are all that is stored, by an approval of the person alone.
func TestPersonalDataTakeAnApproval(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	get := func() *testkit.Response {
		return s.Send(t, testkit.As("sandbox-doctor", http.MethodGet, "/api/persons/"+world.ID("stranger_patient").String()+"/personal_data", nil))
	}
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO mpi.person_phones VALUES ($1, 'MOBILE', '+380503410870')`, world.ID("stranger_patient"))
	require.NoError(t, err)
	r := get()
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var data map[string]any
	r.Data(t, &data)
	require.Equal(t, map[string]any{
		"id": world.ID("stranger_patient").String(), "first_name": "Оксана", "last_name": "Лисенко", "second_name": "Романівна", "birth_date": "1991-09-14",
		"birth_country": "Україна", "birth_settlement": "Бердичів", "gender": "FEMALE", "no_tax_id": true, "verification_status": "VERIFIED",
		"documents": []any{}, "addresses": []any{}, "phones": []any{map[string]any{"type": "MOBILE", "number": "+380503410870"}},
	}, data)
	s.Clock.Set(s.Clock.Now().AddDate(0, 0, 90))
	require.Equal(t, []string{"person.personal_data.access"}, get().Rules(), "the approval is over")
}

// Version 2 finds persons by names in any language, and those without a last name.
func TestSearchV2(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	patient, foreigner := world.ID("patient").String(), world.ID("foreigner").String()
	_, err := s.Pool.Exec(t.Context(), "UPDATE mpi.persons SET names = $2 WHERE id = $1", world.ID("patient"), []map[string]any{
		{"language": "uk", "first_name": "Петро", "last_name": "Іваненко", "no_last_name": false},
		{"language": "en", "first_name": "Petro", "last_name": "Ivanenko", "no_last_name": false},
	})
	require.NoError(t, err)
	for query, want := range map[string][]string{
		"first_name=петро&last_name=іваненко&birth_date=1985-07-05":                                              {patient},
		"first_name=PETRO&last_name=Ivanenko&birth_date=1985-07-05":                                              {patient},
		"language=en&first_name=Petro&last_name=Ivanenko&birth_date=1985-07-05":                                  {patient},
		"language=uk&first_name=Petro&last_name=Ivanenko&birth_date=1985-07-05":                                  nil,
		"first_name=Петро&last_name=Ivanenko&birth_date=1985-07-05":                                              nil, // of two languages
		"first_name=Петро&last_name=&birth_date=1985-07-05":                                                      nil,
		"first_name=Петро&last_name=Інше&birth_date=1985-07-05&tax_id=3121203456":                                {patient},
		"first_name=Петро&birth_date=1985-07-05&tax_id=3121203456":                                               {patient},
		"first_name=Петро&birth_date=1985-07-06&tax_id=3121203456":                                               nil,
		"first_name=Петро&birth_date=1985-07-05&tax_id=3121203457":                                               nil,
		"first_name=Петро&last_name=Інше&birth_date=1985-07-05&phone_number=%2B380931234574":                     {patient},
		"first_name=Петро&last_name=Інше&birth_date=1985-07-05&phone_number=%2B380931234575":                     nil,
		"first_name=Людмила&last_name=Інше&birth_date=1990-01-19&phone_number=%2B380931234580":                   {world.ID("newcomer").String()},
		"first_name=Петро&birth_date=1985-07-05&document_type=BIRTH_CERTIFICATE&document_number=%D0%86-АМ123456": {patient},
		"first_name=Петро&birth_date=1985-07-05&document_type=PASSPORT&document_number=%D0%86-АМ123456":          nil,
		"first_name=amina&last_name=&birth_date=1996-06-16":                                                      {foreigner},
		"first_name=Amina&last_name=Amina&birth_date=1996-06-16":                                                 nil,
		"first_name=Amina&birth_date=1996-06-16&document_type=FOREIGN_PASSPORT&document_number=p01234567":        {foreigner},
	} {
		r := s.Send(t, testkit.As("sandbox-doctor", http.MethodGet, "/api/v2/persons?"+query, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s: %s", query, r.Raw)
		var data []struct{ ID string }
		r.Data(t, &data)
		var found []string
		for _, p := range data {
			found = append(found, p.ID)
		}
		require.Equal(t, want, found, query)
	}

	var shown []map[string]any
	s.Send(t, testkit.As("sandbox-doctor", http.MethodGet,
		"/api/v2/persons?first_name=Amina&birth_date=1996-06-16&document_type=FOREIGN_PASSPORT&document_number=p01234567", nil)).Data(t, &shown)
	require.Equal(t, []map[string]any{{
		"id": foreigner, "names": []any{map[string]any{"language": "en", "first_name": "Amina"}}, "birth_date": "1996-06-16", "gender": "FEMALE",
		"birth_country": "Sudan", "birth_settlement": "Khartoum", "documents": []any{map[string]any{"type": "FOREIGN_PASSPORT", "number": "P01234567"}},
	}}, shown)
}

// Version 2 of personal data shows the names in all languages, and who acts for the
// person now: the confidant masked, the documents of the relationship as they are.
func TestPersonalDataV2(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	patient := world.ID("stranger_patient")
	shown := func() (data struct {
		FirstName     string           `json:"first_name"`
		Names         []map[string]any `json:"names"`
		Relationships []struct {
			Documents []map[string]any `json:"documents_relationship"`
			Confidant struct {
				Name      string
				Documents []map[string]any `json:"documents_person"`
			} `json:"confidant_person"`
		} `json:"confidant_person_relationship"`
	},
	) {
		t.Helper()
		r := s.Send(t, testkit.As("sandbox-doctor", http.MethodGet, "/api/v2/persons/"+patient.String()+"/personal_data", nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		r.Data(t, &data)
		return data
	}
	data := shown()
	require.Empty(t, data.FirstName)
	require.Equal(t, []map[string]any{{"language": "uk", "first_name": "Оксана", "last_name": "Лисенко", "second_name": "Романівна"}}, data.Names)
	require.Empty(t, data.Relationships)

	_, err := s.Pool.Exec(t.Context(), "UPDATE mpi.confidant_person_relationships SET person_id = $1 WHERE person_id = $2", patient, world.ID("confided_patient"))
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), "UPDATE mpi.persons SET names = $2 WHERE id = $1", patient, []map[string]any{
		{"language": "uk", "first_name": "Оксана", "last_name": "Лисенко", "no_last_name": false},
		{"language": "en", "first_name": "Oksana", "last_name": nil, "no_last_name": true},
	})
	require.NoError(t, err)
	data = shown()
	require.Equal(t, []map[string]any{
		{"language": "uk", "first_name": "Оксана", "last_name": "Лисенко"}, {"language": "en", "first_name": "Oksana"},
	}, data.Names)
	require.Len(t, data.Relationships, 1, "and not the one whose time is over")
	require.Equal(t, []map[string]any{{"type": "BIRTH_CERTIFICATE", "number": "І-АМ654321", "issued_by": "РАЦС", "issued_at": "2015-03-12"}},
		data.Relationships[0].Documents)
	require.Equal(t, "Гринько Т.О.", data.Relationships[0].Confidant.Name)
	require.Equal(t, []map[string]any{{"type": "PASSPORT", "number": "******21"}}, data.Relationships[0].Confidant.Documents)
}
