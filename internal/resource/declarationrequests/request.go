package declarationrequests

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Statuses that decide something here.
const (
	statusNew      = "NEW"      // waits for the patient's confirmation
	statusApproved = "APPROVED" // waits for the doctor's signature
	statusSigned   = "SIGNED"   // has become a declaration
	statusRejected = "REJECTED" // was given up
)

// Methods by which a patient confirms a request.
const (
	methodOTP     = "OTP"
	methodOffline = "OFFLINE"
	methodNone    = "NA"
)

// Channels that requests come from.
const (
	channelMIS = "MIS" // legal entities
	channelPIS = "PIS" // patients
)

// request is the part of a declaration request that decides who may do what
// with it.
type request struct {
	Status        string
	Channel       string
	IsShareable   bool
	LegalEntityID *uuid.UUID // nil: the clean-up has removed the data of the request
	Method        method
}

// method is how the patient confirms, as it was when the request was created.
type method struct {
	Type   string `json:"type"`
	Number string `json:"number,omitempty"`
}

// isShared reports whether legal entities may handle the request.
func (r request) isShared() bool { return r.Channel == channelMIS || r.IsShareable }

func (r request) isOf(legalEntity uuid.UUID) bool {
	return r.LegalEntityID != nil && *r.LegalEntityID == legalEntity
}

// entry is a declaration request as lists show it.
type entry struct {
	request
	content
	ID                      uuid.UUID
	StatusReason            *string
	AuthorizeWith           *uuid.UUID
	ParentDeclarationID     *uuid.UUID
	SystemDeclarationLimit  *int32
	CurrentDeclarationCount *int32
}

// details is a whole declaration request.
type details struct {
	entry
	DeclarationID     *uuid.UUID
	DeclarationNumber string
	DataToBeSigned    json.RawMessage
	Documents         []document
}

// document is a scan that the approval waits for (PUT), or a link to a stored file.
type document struct {
	Type string `json:"type"`
	Verb string `json:"verb"`
	URL  string `json:"url,omitempty"` // of a stored file
}

// name of a scan in the media store.
func (d document) name(request uuid.UUID) string {
	return "declaration_requests/" + request.String() + "/declaration_request_" + d.Type + ".jpeg"
}

// content is what a request is about. All of it is nil when the clean-up has
// removed it, but for the doctor, of whom the row keeps a copy.
type content struct {
	StartDate  *string `json:"start_date"`
	EndDate    *string `json:"end_date"`
	PersonID   *string `json:"person_id"`
	EmployeeID *string `json:"employee_id"`
	DivisionID *string `json:"division_id"`
}

// contentOf reads the column data: ids in V3, whole objects before. A request of
// before V3 has no person id.
func contentOf(data json.RawMessage, employee *uuid.UUID) (content, error) {
	var c content
	if len(data) > 0 {
		var stored struct {
			content
			Employee *object `json:"employee"`
			Division *object `json:"division"`
		}
		if err := json.Unmarshal(data, &stored); err != nil {
			return content{}, fmt.Errorf("decode data: %w", err)
		}
		c = stored.content
		if stored.Employee != nil {
			c.EmployeeID = stored.Employee.ID
		}
		if stored.Division != nil {
			c.DivisionID = stored.Division.ID
		}
	}
	if employee != nil {
		id := employee.String()
		c.EmployeeID = &id
	}
	return c, nil
}

type object struct {
	ID *string `json:"id"`
}
