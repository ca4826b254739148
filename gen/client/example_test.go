package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"esoz/gen/client"
)

// What is wrong, field by field.
func ExampleError() {
	gateway := api(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusUnprocessableEntity, `{"meta":{"request_id":"6617aeec"},"error":{"type":"validation_failed","message":"Validation failed.","invalid":[
			{"entry":"$.addresses[0].zip","entry_type":"json_data_property","rules":[{"rule":"format","description":"string does not match pattern"}]}]}}`)
	})
	api, err := client.New("https://api.example.com", client.WithHTTPClient(gateway))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = api.CreateDivisionWithResponse(context.Background(), client.DivisionRequest{Name: "Амбулаторія"})
	var refusal *client.Error
	if errors.As(err, &refusal) {
		for _, item := range refusal.Invalid {
			fmt.Println(item.Entry, item.Rules[0].Rule, item.Rules[0].Description)
		}
	}
	fmt.Println(err)
	// Output:
	// $.addresses[0].zip format string does not match pattern
	// POST /api/divisions: 422 validation_failed: $.addresses[0].zip string does not match pattern [request 6617aeec]
}

// Every division, however many pages they fill.
func ExampleResources() {
	gateway := api(func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		answer(w, http.StatusOK, fmt.Sprintf(`{"meta":{},"data":[{"name":"Відділення %s"}],"paging":{"page_number":%[1]s,"total_pages":2}}`, page))
	})
	c, err := client.New("https://api.example.com", client.WithHTTPClient(gateway))
	if err != nil {
		fmt.Println(err)
		return
	}
	api := client.Resources(c)
	for division, err := range api.Divisions.All(context.Background(), &client.ListDivisionsParams{Status: new("ACTIVE")}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(division.Name)
	}
	// Output:
	// Відділення 1
	// Відділення 2
}

// From the code that the user's consent gave to a client that refreshes its token.
func ExampleApp() {
	ctx, code := context.Background(), "the code of the redirect"
	anonymous, err := client.New("https://api.example.com")
	if err != nil {
		log.Fatal(err)
	}
	app := &client.App{
		API: anonymous, ClientID: "d290f1ee-6c54-4b01-90e6-d701748f0851",
		Secret: os.Getenv("ESOZ_CLIENT_SECRET"), RedirectURI: "https://mis.example.com/callback",
	}
	token, err := app.Exchange(ctx, code)
	if err != nil {
		log.Fatal(err)
	}
	api, err := client.New("https://api.example.com",
		client.WithTokenSource(app.TokenSource(ctx, token)), client.WithAPIKey(os.Getenv("ESOZ_API_KEY")))
	if err != nil {
		log.Fatal(err)
	}
	user, err := api.GetUserWithResponse(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.JSON200.Data.Email)
}

// An approval's SMS is sent again by a job, which brings the approval.
func ExampleWaitJob() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	api, err := client.New("https://api.example.com", client.WithToken(os.Getenv("ESOZ_TOKEN")))
	if err != nil {
		log.Panic(err)
	}
	accepted, err := api.ResendApprovalSMSWithResponse(ctx, "7075e0e2-6b57-47fd-aff7-324806efa7e5", "d5a5d991-0bf7-476f-b3cf-bec73f044b2e")
	if err != nil {
		log.Panic(err)
	}
	job, err := client.WaitJob(ctx, api, accepted.JSON202)
	if err != nil {
		log.Panic(err)
	}
	var resent client.Approval
	if err := json.Unmarshal(job.ResponseData, &resent); err != nil {
		log.Panic(err)
	}
	fmt.Println(resent.ID, resent.IsVerified)
}
