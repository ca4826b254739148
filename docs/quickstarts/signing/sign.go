//go:build ignore

// Sign signs a person request with the sandbox's keys, with nothing but the standard library.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

const request = "/api/v2/person_requests/4a272596-2839-5c54-b774-61020fdb64c3"

func call(token, method, path string, body any) (answer map[string]any, err error) {
	var sent io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, cmp.Or(os.Getenv("ESOZ_URL"), "http://127.0.0.1:8080")+path, sent)
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{"Authorization": {"Bearer " + token}, "Api-Key": {"sandbox-mis-key"}, "Content-Type": {"application/json"}}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber() // numbers are signed as they came
	err = decoder.Decode(&answer)
	return answer, err
}

// sign lets the sandbox make the container. With a real key your own program makes it, of the same content.
func sign(token string, content any) (container any, err error) {
	answer, err := call(token, http.MethodPost, "/_sandbox/sign", map[string]any{"content": content})
	return answer["signed_content"], err
}

func run() error {
	answer, err := call("sandbox-doctor", http.MethodGet, request, nil)
	if err != nil {
		return err
	}
	content := answer["data"].(map[string]any)
	person := content["person"].(map[string]any)
	fmt.Println(content["status"], person["first_name"], person["last_name"])
	content["patient_signed"] = true // on the printed form

	for _, signer := range []string{"sandbox-other-doctor", "sandbox-doctor"} {
		container, err := sign(signer, content)
		if err != nil {
			return err
		}
		answer, err := call("sandbox-doctor", http.MethodPatch, request+"/actions/sign", map[string]any{"signed_content": container})
		if err != nil {
			return err
		}
		code := answer["meta"].(map[string]any)["code"]
		if data, ok := answer["data"].(map[string]any); ok {
			fmt.Println(code, data["status"])
			continue
		}
		fmt.Println(code, answer["error"].(map[string]any)["message"])
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
