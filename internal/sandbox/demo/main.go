// Command demo registers a patient who declares with two doctors, is treated, referred
// and prescribed a device, and walks through the five methods, against a sandbox of its
// own, the way a medical information system would. It prints what it sends and gets.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"

	"esoz/internal/sandbox"
	"esoz/internal/sandbox/world"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, bySandbox); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// run walks through a sandbox that is forgotten afterwards.
func run(ctx context.Context, out io.Writer, by sign) error {
	return sandbox.With(ctx, os.Environ(), func(ctx context.Context, at sandbox.Addresses) error {
		return walkIn(ctx, at.BaseURL, out, by)
	})
}

// walkIn walks through the world at an address.
func walkIn(ctx context.Context, baseURL string, out io.Writer, by sign) error {
	w := &walk{ctx: ctx, baseURL: baseURL, out: out, sign: by}
	return w.all()
}

// walk sends requests one after the other and remembers what the next ones need.
type walk struct {
	ctx      context.Context //nolint:containedctx // one walk is one call
	baseURL  string
	out      io.Writer
	world    world.World
	token    string            // of the user who logged in
	sign     sign              // how doctors sign
	extra    map[string]string // headers of the next requests
	division string            // that the walk creates
	person   string            // the patient whom the walk registers
	episode  string            // in which they are treated
	first    pack              // the packages of it
	second   pack
	referral string // that the second one carries out
}

func (w *walk) all() error {
	if err := w.fetch(http.MethodGet, "/_sandbox/world", nil, &w.world); err != nil {
		return err
	}
	for _, step := range []func() error{
		w.logIn, w.createDivision, w.register, w.resendOTP, w.resendApprovalSMS, w.openEpisode, w.confirmOtherwise, w.expire, w.releaseAndStop,
		w.treat, w.serveReferral, w.withdraw, w.dispense, w.takeBack,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	fmt.Fprintf(w.out, "\nDone.\n")
	return nil
}

// logIn goes from a password to an access token of the clinic.
func (w *walk) logIn() error {
	clinic := world.ID("clinic").String()
	var session, code, access struct {
		Data struct{ Value string }
	}
	w.say("Log in and let the MIS act for the user: a session, a code, an access token")
	err := w.send("", http.MethodPost, "/auth/login", body{"token": body{
		"grant_type": "password", "email": world.LoginEmail, "password": world.LoginPassword, "client_id": clinic, "scope": "app:authorize",
	}}, http.StatusCreated, &session)
	if err != nil {
		return err
	}
	err = w.send(session.Data.Value, http.MethodPost, "/oauth/apps/authorize", body{"app": body{
		"client_id": clinic, "redirect_uri": world.RedirectURI,
		"scope": "division:write approval:create otp:write service_request:use job:read",
	}}, http.StatusCreated, &code)
	if err != nil {
		return err
	}
	err = w.send("", http.MethodPost, "/oauth/tokens", body{"token": body{
		"grant_type": "authorization_code", "code": code.Data.Value, "client_id": clinic,
		"client_secret": world.Secret("clinic"), "redirect_uri": world.RedirectURI,
	}}, http.StatusCreated, &access)
	w.token = access.Data.Value
	return err
}

// createDivision looks a real settlement up and opens a division there.
func (w *walk) createDivision() error {
	var found struct {
		Data []struct {
			ID, Region, District, Type string
			SettlementName             string `json:"settlement_name"`
		}
	}
	w.say("Create a division in a real settlement")
	if err := w.send("", http.MethodGet, "/api/uaddresses/settlements?"+url.Values{"name": {"Бердичів"}}.Encode(), nil, http.StatusOK, &found); err != nil {
		return err
	}
	if len(found.Data) == 0 {
		return errors.New("the settlement is not there")
	}
	s := found.Data[0]
	var created struct{ Data struct{ ID string } }
	err := w.send(w.token, http.MethodPost, "/api/divisions", body{
		"name": "Бердичівське відділення", "type": "CLINIC", "email": "berdychiv@example.com",
		"addresses": []body{{
			"type": "RESIDENCE", "country": "UA", "area": s.Region, "region": s.District, "settlement": s.SettlementName,
			"settlement_type": s.Type, "settlement_id": s.ID, "street_type": "STREET", "street": "вул. Вінницька", "building": "15", "zip": "13300",
		}},
		"phones": []body{{"type": "MOBILE", "number": "+380503410870"}},
	}, http.StatusOK, &created)
	w.division = created.Data.ID
	return err
}

// resendOTP sends a code again and enters the one that arrives.
func (w *walk) resendOTP() error {
	w.say("Resend the code of a declaration request, and complete it with what arrives")
	c, ok := w.world.Passing("resendDeclarationRequestOtp")
	if !ok {
		return errors.New("the world has no declaration request to resend")
	}
	since := time.Now() //nolint:forbidigo // the demo follows the machine's clock, as any client does
	if err := w.send(w.token, c.Request.Method, c.Request.Path, nil, http.StatusOK, nil); err != nil {
		return err
	}
	phone, code, err := w.inbox(since)
	if err != nil {
		return err
	}
	return w.send(w.token, http.MethodPatch, "/api/verifications/"+url.PathEscape(phone)+"/actions/complete",
		body{"code": json.Number(code)}, http.StatusOK, nil)
}

// resendApprovalSMS follows an asynchronous method to its result.
func (w *walk) resendApprovalSMS() error {
	w.say("Resend the SMS of an approval, and follow its job")
	c, ok := w.world.Passing("resendApprovalSms")
	if !ok {
		return errors.New("the world has no approval to resend")
	}
	since := time.Now() //nolint:forbidigo // as above
	if err := w.follow(w.token, c, http.StatusOK); err != nil {
		return err
	}
	_, _, err := w.inbox(since)
	return err
}

// releaseAndStop changes two medical records and reads the events that tell it.
func (w *walk) releaseAndStop() error {
	since := time.Now().UTC().Format("2006-01-02T15:04:05") //nolint:forbidigo // as above
	for _, step := range []struct{ title, operation, token string }{
		{"Release a service request", "releaseServiceRequest", w.token},
		{"Stop a device dispense, as the pharmacist", "stopDeviceDispense", world.TokenValue("pharmacist")},
	} {
		w.say(step.title)
		c, ok := w.world.Passing(step.operation)
		if !ok {
			return fmt.Errorf("the world has no object for %s", step.operation)
		}
		if err := w.follow(step.token, c, http.StatusSeeOther); err != nil {
			return err
		}
	}
	w.say("Read both events, as the MIS")
	for _, entity := range []string{"ServiceRequest", "DeviceDispense"} {
		var events struct{ Data []struct{ ID string } }
		path := "/api/events?" + url.Values{"entity_type": {entity}, "date": {since}}.Encode()
		if err := w.send(world.TokenValue("mis"), http.MethodGet, path, nil, http.StatusOK, &events); err != nil {
			return err
		}
		if len(events.Data) != 1 {
			return fmt.Errorf("%d events tell the change of the %s, want 1", len(events.Data), entity)
		}
	}
	return nil
}

// follow starts an asynchronous method and polls its job until it has ended.
func (w *walk) follow(token string, c world.Case, want int) error {
	return w.job(token, c.Request.Method, c.Request.Path, nil, want, nil)
}

// job sends a request that a job carries out, and reads the job when it has ended.
func (w *walk) job(token, method, path string, b body, want int, answer any) error {
	var accepted struct {
		Data struct{ Links []struct{ Href string } }
	}
	if err := w.send(token, method, path, b, http.StatusAccepted, &accepted); err != nil {
		return err
	}
	if len(accepted.Data.Links) != 1 {
		return errors.New("the answer has no link to the job")
	}
	href := accepted.Data.Links[0].Href
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		var job struct{ Data struct{ Status string } }
		if err := w.fetch(http.MethodGet, href, w.headers(token), &job); err != nil {
			return err
		}
		if job.Data.Status != "pending" {
			return w.send(token, http.MethodGet, href, nil, want, answer)
		}
		select {
		case <-w.ctx.Done():
			return w.ctx.Err()
		case <-ticker.C:
		}
	}
}

// inbox waits for the message that came after a moment.
func (w *walk) inbox(since time.Time) (phone, code string, err error) {
	var messages []struct{ Phone, Code string }
	path := "/_sandbox/sms?" + url.Values{"wait": {"10s"}, "after": {since.UTC().Format(time.RFC3339Nano)}}.Encode()
	if err := w.show("", http.MethodGet, path, nil, http.StatusOK, &messages); err != nil {
		return "", "", err
	}
	if len(messages) == 0 {
		return "", "", errors.New("no message arrived")
	}
	return messages[0].Phone, messages[0].Code, nil
}

type body map[string]any

func (w *walk) say(title string) { fmt.Fprintf(w.out, "\n== %s\n", title) }

// send shows a request of the API and its answer.
func (w *walk) send(token, method, path string, b body, want int, answer any) error {
	return w.show(token, method, path, b, want, answer)
}

func (w *walk) show(token, method, path string, b body, want int, answer any) error {
	request := world.Request{Method: method, Path: path, Headers: w.headers(token)}
	if b != nil {
		request.Body, request.Headers["Content-Type"] = b, "application/json"
	}
	fmt.Fprintf(w.out, "\n%s\n", request.Curl(w.baseURL))
	status, raw, err := w.exchange(method, path, request.Headers, b)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		return fmt.Errorf("%s %s answered %d with no JSON: %w", method, path, status, err)
	}
	fmt.Fprintf(w.out, "-> %d %s\n%s\n", status, http.StatusText(status), strings.TrimSpace(pretty.String()))
	if status != want {
		return fmt.Errorf("%s %s answered %d, want %d", method, path, status, want)
	}
	return decode(raw, answer)
}

// fetch sends a request without showing it.
func (w *walk) fetch(method, path string, headers map[string]string, answer any) error {
	_, raw, err := w.exchange(method, path, headers, nil)
	if err != nil {
		return err
	}
	return decode(raw, answer)
}

func (w *walk) headers(token string) map[string]string {
	headers := maps.Clone(w.extra)
	if headers == nil {
		headers = map[string]string{}
	}
	if token != "" {
		headers["Authorization"], headers["API-key"] = "Bearer "+token, world.MISKey
	}
	return headers
}

func (w *walk) exchange(method, path string, headers map[string]string, b body) (status int, raw []byte, err error) {
	var content io.Reader = http.NoBody
	if b != nil {
		encoded, err := json.Marshal(b)
		if err != nil {
			return 0, nil, fmt.Errorf("encode body: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(w.ctx, method, w.baseURL+path, content)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if raw, err = io.ReadAll(res.Body); err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return res.StatusCode, raw, nil
}

func decode(raw []byte, answer any) error {
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}
