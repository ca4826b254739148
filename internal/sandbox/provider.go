package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/sms"
)

// provider takes the messages of a world, and puts them into its inbox as the dials say.
type provider struct {
	sms.Log
	dials *Dials
}

// lostStatus is the status of a message that the provider has taken and that never arrives.
const lostStatus = "Accepted"

// Send implements sms.Provider.
func (p provider) Send(ctx context.Context, id uuid.UUID, phone, text string) (gatewayID, status string, err error) {
	f := p.dials.send(id)
	if f.refused {
		return "", "", fmt.Errorf("%w: the dial sms.provider is down", sms.ErrNotTaken)
	}
	gatewayID, status, err = p.Log.Send(ctx, id, phone, text)
	if f.lost {
		status = lostStatus
	}
	return gatewayID, status, err //nolint:wrapcheck // it is nil
}

// fate is what becomes of a message. It is decided once, when the message is first sent or looked for, so that turning a
// dial does not change what a client has seen.
type fate struct {
	lost    bool
	refused bool      // as yet
	at      time.Time // when it arrives
}

// send decides about a message that is to be sent.
func (d *Dials) send(id uuid.UUID) fate {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, known := d.fates[id]; known && !f.refused {
		return f
	}
	return d.decide(id)
}

// decide says what becomes of a message now. The caller holds mu.
func (d *Dials) decide(id uuid.UUID) fate {
	var f fate
	switch {
	case d.set.SMS.Provider == providerDown:
		f.refused = true
	case d.set.SMS.LoseNext > 0:
		d.set.SMS.LoseNext--
		f.lost = true
	case d.set.SMS.Delay > 0:
		f.at = d.machine.Now().Add(time.Duration(d.set.SMS.Delay))
	}
	d.fates[id] = f
	return f
}

// arrived tells whether a message is in the inbox.
func (d *Dials) arrived(m sms.Received) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, known := d.fates[m.ID]
	switch {
	case known:
	case m.GatewayStatus == nil: // it is about to be sent
		f = d.decide(m.ID)
	case *m.GatewayStatus == lostStatus: // it was lost in an earlier run
		return false
	case d.set.SMS.Provider == providerDown: // it has died before the provider could take it, or was sent in an earlier run
		return *m.GatewayStatus == delivered
	}
	return !f.lost && !f.refused && !d.machine.Now().Before(f.at)
}

// delivered is the status of a message that sms.Log has sent.
const delivered = "Delivered"

// arrive puts messages that are on their way into the inbox. The caller holds mu.
func (d *Dials) arrive() {
	for id, f := range d.fates {
		f.at = time.Time{}
		d.fates[id] = f
	}
}
