package encounterpackages

import (
	"context"

	"github.com/google/uuid"

	"esoz/internal/resource/medicalrecords"
)

// visits are the checks of the visit of the body.
var visits = []check{
	ofVisit("visit_start", "$.visit.period.start", func(c *call) bool { return !moment(c.Body.Visit.Period.Start).After(c.Now) }),
	ofVisit("visit_end", "$.visit.period.end", func(c *call) bool { return !moment(c.Body.Visit.Period.End).After(c.Now) }),
	ofVisit("visit_order", "$.visit.period.end", func(c *call) bool {
		return moment(c.Body.Visit.Period.End).After(moment(c.Body.Visit.Period.Start))
	}),
	finds("visit_id", func(ctx context.Context, c *call, _ *content) ([]wrong, error) {
		if c.Body.Visit == nil {
			return nil, nil
		}
		stored, err := c.Stored(ctx, medicalrecords.Visits, []uuid.UUID{idOf(c.Body.Visit.ID)})
		if err != nil || len(stored) == 0 {
			return nil, err
		}
		return []wrong{{"$.visit.id", nil}}, nil
	}),
}

func ofVisit(name, at string, ok func(c *call) bool) check {
	return expects(name, at, func(c *call, _ *content) bool { return c.Body.Visit == nil || ok(c) })
}
