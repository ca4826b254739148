// Package twilio sends SMS through Twilio. Only cmd/esoz links it, because the
// client library is large.
package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/twilio/twilio-go/client"
	twilioapi "github.com/twilio/twilio-go/rest/api/v2010"

	"esoz/internal/platform/sms"
)

// Provider is an sms.Provider.
type Provider struct {
	accountSID, authToken, from string
	transport                   http.RoundTripper
}

// New returns a provider that sends from a number of an account.
func New(accountSID, authToken, from string) *Provider {
	return &Provider{accountSID: accountSID, authToken: authToken, from: from, transport: http.DefaultTransport}
}

// Name implements sms.Provider.
func (*Provider) Name() string { return "twilio" }

// Send implements sms.Provider.
func (p *Provider) Send(ctx context.Context, _ uuid.UUID, phone, text string) (gatewayID, status string, err error) {
	call := &call{ctx: ctx, next: p.transport}
	params := new(twilioapi.CreateMessageParams).SetTo(phone).SetFrom(p.from).SetBody(text)
	message, err := twilioapi.NewApiServiceWithClient(p.client(call)).CreateMessage(params)
	if err != nil {
		return "", "", call.explain(err)
	}
	if message.Sid == nil || message.Status == nil {
		return "", "", errors.New("the answer names no message")
	}
	return *message.Sid, *message.Status, nil
}

// client makes a client for one call, because the library takes no context.
func (p *Provider) client(transport http.RoundTripper) *client.Client {
	c := &client.Client{
		Credentials: client.NewCredentials(p.accountSID, p.authToken),
		HTTPClient: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.SetAccountSid(p.accountSID)
	return c
}

// call is the transport of one call: it sends requests with a context and keeps
// what happened to them.
type call struct {
	ctx       context.Context
	next      http.RoundTripper
	connected atomic.Bool
	status    int // of the answer
}

// RoundTrip implements http.RoundTripper.
func (c *call) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := httptrace.WithClientTrace(c.ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { c.connected.Store(true) },
	})
	response, err := c.next.RoundTrip(r.WithContext(ctx))
	if response != nil {
		c.status = response.StatusCode
	}
	return response, err
}

// explain adds sms.ErrNotTaken where the message was certainly not taken, and
// describes a failure by numbers only: Twilio's texts quote the phone, and the
// library's texts quote answers that it cannot read.
func (c *call) explain(err error) error {
	err = c.withoutData(err)
	refused := c.status >= http.StatusBadRequest && c.status < http.StatusInternalServerError || c.status == http.StatusServiceUnavailable
	if refused || !c.connected.Load() {
		return fmt.Errorf("%w: %w", sms.ErrNotTaken, err)
	}
	return err
}

func (c *call) withoutData(err error) error {
	var refused *client.TwilioRestError
	var failed *url.Error
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("refused with status %d, code %d", refused.Status, refused.Code)
	case c.status >= http.StatusBadRequest:
		return fmt.Errorf("refused with status %d", c.status)
	case c.ctx.Err() != nil:
		return fmt.Errorf("no answer in time: %w", c.ctx.Err())
	case errors.As(err, &failed):
		return fmt.Errorf("cannot be reached: %w", failed.Err)
	}
	return errors.New("the answer cannot be read")
}
