package personrequests

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
)

// methodRequest is a request to change how a person confirms (wiki 616431639).
type methodRequest struct {
	ID      uuid.UUID
	Action  string
	Status  api.AuthenticationMethodRequestStatus
	Channel string
	Method  api.AuthenticationMethodRequestMethod // as it was sent
	Current method                                // that confirms
	Uploads []upload
}

// scan is the name of one in the media store.
func (r *methodRequest) scan(u upload) string {
	return "authentication_method_requests/" + r.ID.String() + "/authentication_method_request_" + u.Type + ".jpeg"
}

func (r *methodRequest) show() api.AuthenticationMethodRequest {
	return api.AuthenticationMethodRequest{ID: r.ID.String(), Status: r.Status, Channel: api.AuthenticationMethodRequestChannel(r.Channel)}
}

// ofPerson is one call about the person whom the path names.
type ofPerson struct {
	operation.Caller
	*API
	personPath string
	on         db.DBTX // where the register is asked
	person     *registered
}

func (a *API) ofPerson(ctx context.Context, path string) ofPerson {
	return ofPerson{Caller: a.Engine.Caller(ctx), API: a, personPath: path, on: a.Store.Pool}
}

func (p *ofPerson) ofPath() *ofPerson { return p }

// personOfPath are the checks of the person whom the path names.
func personOfPath[S interface {
	operation.State
	ofPath() *ofPerson
}](family rules.ID) []operation.Check[S] {
	return []operation.Check[S]{
		{Rule: family + "person", Pass: func(ctx context.Context, s S) error {
			p := s.ofPath()
			id, err := parsed(p.personPath)
			if err != nil {
				return err
			}
			if p.person, err = p.Store.registered(ctx, p.on, id, p.Now, nil); err != nil {
				return err
			}
			return operation.Expect(p.person.isActive, "person", "in the register", "taken out of it")
		}},
		{Rule: family + "person_active", Pass: func(_ context.Context, s S) error {
			return operation.Expect(s.ofPath().person.active, "status of the person", "active", "another")
		}},
	}
}
