package personrequests

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
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

// ofMethodPerson are the checks of the person that the path names. of tells where its id is, and where the person goes.
func ofMethodPerson[S operation.State](family rules.ID, of func(s S) (*API, string, **registered)) []operation.Check[S] {
	return []operation.Check[S]{
		{Rule: family + "person", Pass: func(ctx context.Context, s S) error {
			a, pathID, person := of(s)
			id, err := parsed(pathID)
			if err != nil {
				return err
			}
			found, err := a.Store.registered(ctx, a.Store.Pool, id, a.Engine.Clock.Now(), nil)
			if err != nil {
				return err
			}
			*person = found
			return operation.Expect(found.isActive, "person", "in the register", "taken out of it")
		}},
		{Rule: family + "person_active", Pass: func(_ context.Context, s S) error {
			_, _, person := of(s)
			return operation.Expect((*person).active, "status of the person", "active", "another")
		}},
	}
}
