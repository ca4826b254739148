// Signs a person request with the sandbox's keys, with nothing but Node.js itself.
const baseUrl = process.env["ESOZ_URL"] ?? "http://127.0.0.1:8080";
const request = "/api/v2/person_requests/4a272596-2839-5c54-b774-61020fdb64c3";

async function call(token: string, method: string, path: string, body?: object): Promise<any> {
  const response = await fetch(baseUrl + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "API-key": "sandbox-mis-key", "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  return response.json();
}

/** With a real key your own program makes the container, of the same content. */
async function sign(token: string, content: object): Promise<string> {
  return (await call(token, "POST", "/_sandbox/sign", { content })).signed_content;
}

const { data: content } = await call("sandbox-doctor", "GET", request);
console.log(content.status, content.person.first_name, content.person.last_name);
content.patient_signed = true; // on the printed form

for (const signer of ["sandbox-other-doctor", "sandbox-doctor"]) {
  const answer = await call("sandbox-doctor", "PATCH", `${request}/actions/sign`, { signed_content: await sign(signer, content) });
  console.log(answer.meta.code, answer.data?.status ?? answer.error.message);
}
