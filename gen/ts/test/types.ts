// What the compiler must accept and refuse; nothing here is run.
import { createClient, resources, type components } from "../src/index.js";

type Schemas = components["schemas"];

export async function types(api: ReturnType<typeof createClient>): Promise<void> {
  const list = await api.GET("/api/divisions", { params: { query: { name: "x" } } });
  list.data satisfies Schemas["DivisionListResponse"]; // never undefined
  const resent = await api.PATCH("/api/patients/{patient_id}/approvals/{id}/actions/resend", {
    params: { path: { patient_id: "", id: "" } },
  });
  resent.data satisfies Schemas["ApprovalResponse"] | Schemas["JobResponse"];
  const job = await api.GET("/api/jobs/{id}", { params: { path: { id: "" } } });
  job.data satisfies Schemas["JobResponse"]; // of 303 as well
  const raw = await api.GET("/api/divisions", { parseAs: "text" });
  raw.data satisfies string;

  const { approvals, deviceRequests, divisions } = resources(api);
  (await divisions.list({ name: "x" })) satisfies Schemas["DivisionListResponse"];
  (await approvals.resendSms({ patient_id: "", id: "" })) satisfies Schemas["ApprovalResponse"] | Schemas["JobResponse"];
  for await (const division of divisions.all()) {
    division satisfies Schemas["Division"];
  }

  // @ts-expect-error There is no such path.
  await api.GET("/api/nowhere");
  // @ts-expect-error The path has an id.
  await api.GET("/api/divisions/{id}");
  // @ts-expect-error A division needs more than a name.
  await api.POST("/api/divisions", { body: { name: "x" } });
  // @ts-expect-error There is no such filter.
  await api.GET("/api/divisions", { params: { query: { title: "x" } } });
  // @ts-expect-error There is no such filter.
  await divisions.list({ title: "x" });
  // @ts-expect-error The path has two ids.
  await approvals.get({ id: "" });
  // @ts-expect-error The search needs a number.
  deviceRequests.searchAll();
  // @ts-expect-error A division needs more than a name.
  await divisions.create({ name: "x" });
  // @ts-expect-error A refusal is thrown.
  list.error;
}
