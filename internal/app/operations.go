package app

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/httpapi"
	"esoz/internal/platform/jobs"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/catalogues"
	"esoz/internal/resource/declarationrequests"
	"esoz/internal/resource/declarations"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/diagnosesgroups"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/resource/divisions"
	"esoz/internal/resource/employees"
	"esoz/internal/resource/encounterpackages"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/events"
	"esoz/internal/resource/forbiddengroups"
	"esoz/internal/resource/healthcareservices"
	jobreads "esoz/internal/resource/jobs"
	"esoz/internal/resource/legalentities"
	"esoz/internal/resource/medicalrecords"
	"esoz/internal/resource/oauth"
	"esoz/internal/resource/personrequests"
	"esoz/internal/resource/persons"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/resource/verifications"
)

// These names keep apart the resources' types that server embeds.
type (
	approvalsAPI       = approvals.API
	cataloguesAPI      = catalogues.API
	declarationsAPI    = declarationrequests.API
	deviceDispensesAPI = devicedispenses.API
	deviceRequestsAPI  = devicerequests.API
	diagnosesGroupsAPI = diagnosesgroups.API
	forbiddenGroupsAPI = forbiddengroups.API
	dictionariesAPI    = dictionaries.API
	divisionsAPI       = divisions.API
	employeesAPI       = employees.API
	packagesAPI        = encounterpackages.API
	episodesAPI        = episodes.API
	eventsAPI          = events.API
	healthcareAPI      = healthcareservices.API
	jobsAPI            = jobreads.API
	legalEntitiesAPI   = legalentities.API
	medicalRecordsAPI  = medicalrecords.API
	oauthAPI           = oauth.API
	personsAPI         = persons.API
	personRequestsAPI  = personrequests.API
	serviceRequestsAPI = servicerequests.API
	signedAPI          = declarations.API
	uaddressesAPI      = uaddresses.API
	verificationsAPI   = verifications.API
)

// server is every operation of the contract.
type server struct {
	*approvalsAPI
	*cataloguesAPI
	*declarationsAPI
	*deviceDispensesAPI
	*deviceRequestsAPI
	*diagnosesGroupsAPI
	*forbiddenGroupsAPI
	*dictionariesAPI
	*divisionsAPI
	*employeesAPI
	*packagesAPI
	*episodesAPI
	*eventsAPI
	*healthcareAPI
	*jobsAPI
	*legalEntitiesAPI
	*medicalRecordsAPI
	*oauthAPI
	*personsAPI
	*personRequestsAPI
	*serviceRequestsAPI
	*signedAPI
	*uaddressesAPI
	*verificationsAPI
}

var _ api.StrictServerInterface = (*server)(nil)

// operations are what the resources register.
func (s *server) operations() []operation.Operation {
	return slices.Concat(
		s.approvalsAPI.Operations(),
		s.cataloguesAPI.Operations(),
		s.declarationsAPI.Operations(),
		s.deviceDispensesAPI.Operations(),
		s.deviceRequestsAPI.Operations(),
		s.diagnosesGroupsAPI.Operations(),
		s.forbiddenGroupsAPI.Operations(),
		s.dictionariesAPI.Operations(),
		s.divisionsAPI.Operations(),
		s.employeesAPI.Operations(),
		s.packagesAPI.Operations(),
		s.episodesAPI.Operations(),
		s.eventsAPI.Operations(),
		s.healthcareAPI.Operations(),
		s.jobsAPI.Operations(),
		s.legalEntitiesAPI.Operations(),
		s.medicalRecordsAPI.Operations(),
		s.oauthAPI.Operations(),
		s.personsAPI.Operations(),
		s.personRequestsAPI.Operations(),
		s.serviceRequestsAPI.Operations(),
		s.signedAPI.Operations(),
		s.uaddressesAPI.Operations(),
		s.verificationsAPI.Operations(),
	)
}

// schedules are what time does to documents.
func (s *server) schedules() []operation.Schedule {
	return slices.Concat(s.deviceDispensesAPI.Schedules(), s.serviceRequestsAPI.Schedules())
}

// Operations are all operations without a server: their checks and changes can
// be read, but not called.
func Operations() []operation.Operation {
	s := server{
		new(approvalsAPI),
		new(cataloguesAPI),
		new(declarationsAPI),
		new(deviceDispensesAPI),
		new(deviceRequestsAPI),
		new(diagnosesGroupsAPI),
		new(forbiddenGroupsAPI),
		new(dictionariesAPI),
		new(divisionsAPI),
		new(employeesAPI),
		new(packagesAPI),
		new(episodesAPI),
		new(eventsAPI),
		new(healthcareAPI),
		new(jobsAPI),
		new(legalEntitiesAPI),
		new(medicalRecordsAPI),
		new(oauthAPI),
		new(personsAPI),
		new(personRequestsAPI),
		new(serviceRequestsAPI),
		new(signedAPI),
		new(uaddressesAPI),
		new(verificationsAPI),
	}
	return s.operations()
}

// hooks are what operations bring along, by operationId.
type hooks struct {
	handlers map[string]jobs.Handler
	guards   map[string]httpapi.Guard
	bodies   map[string]httpapi.BodyCheck
}

// register compares the operations with the contract and puts what they bring
// along where it is used.
func register(doc *openapi3.T, registered []operation.Operation) (*hooks, error) {
	var contract []string
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			contract = append(contract, op.OperationID)
		}
	}
	slices.Sort(contract)
	if err := operation.Verify(contract, registered); err != nil {
		return nil, fmt.Errorf("operations and contract differ: %w", err)
	}
	h := &hooks{map[string]jobs.Handler{}, map[string]httpapi.Guard{}, map[string]httpapi.BodyCheck{}}
	for _, op := range registered {
		if op.Handler != nil {
			h.handlers[op.ID] = op.Handler
		}
		if op.Guard != nil {
			h.guards[op.ID] = op.Guard
		}
		if op.Body != nil {
			h.bodies[op.ID] = op.Body
		}
	}
	return h, nil
}
