// Package twilio sends SMS through Twilio. Only cmd/esoz links it, because the
// client library is large.
package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/twilio/twilio-go/client"
	twilioapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// sendTimeout bounds a call whose context has no deadline.
const sendTimeout = 10 * time.Second

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
func (p *Provider) Send(ctx context.Context, phone, text string) (gatewayID, status string, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	params := new(twilioapi.CreateMessageParams).SetTo(phone).SetFrom(p.from).SetBody(text)
	message, err := twilioapi.NewApiServiceWithClient(p.client(ctx)).CreateMessage(params)
	if err != nil {
		return "", "", withoutData(ctx, err)
	}
	if message.Sid == nil || message.Status == nil {
		return "", "", errors.New("the answer names no message")
	}
	return *message.Sid, *message.Status, nil
}

// client makes a client for one call, because the library takes no context.
func (p *Provider) client(ctx context.Context) *client.Client {
	c := &client.Client{
		Credentials: client.NewCredentials(p.accountSID, p.authToken),
		HTTPClient: &http.Client{
			Transport:     bound{ctx, p.transport},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.SetAccountSid(p.accountSID)
	return c
}

// bound sends requests with a context.
type bound struct {
	ctx  context.Context
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	return b.next.RoundTrip(r.WithContext(b.ctx))
}

// withoutData describes a failure by numbers only: Twilio's texts quote the phone,
// and the library's texts quote answers that it cannot read.
func withoutData(ctx context.Context, err error) error {
	var refused *client.TwilioRestError
	var failed *url.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	case errors.As(err, &refused):
		return fmt.Errorf("refused with status %d, code %d", refused.Status, refused.Code)
	case errors.As(err, &failed):
		return fmt.Errorf("cannot be reached: %w", failed.Err)
	}
	return errors.New("the answer cannot be read")
}
