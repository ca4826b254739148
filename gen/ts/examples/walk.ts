// Goes through the API as a medical information system does: a user logs in and
// lets the system act for them, a division is created, a patient is registered and
// declares with two doctors of it, a doctor of another clinic gets an approval of the
// patient's episode and loses it again, others confirm approvals by documents and
// through a third person, one has expired, a code is sent again and entered, an approval's
// SMS is sent again, a service request released, a device dispense stopped. The patient is
// treated: a doctor submits an encounter and refers them; the referral is used, given back,
// used again and completed with the encounter of a second package; others are recalled and
// cancelled by signature. Devices are prescribed, and a pharmacist finds the prescriptions by
// the number in an SMS, and dispenses what they ask for, stops, or takes a mistake back. The
// second package was a mistake, too, and is cancelled. The events of it all are read.
//
// It needs a sandbox that is freshly started or reset: what was released once is
// not released again. For a while it changes one of its settings.
import { createClient, EsozError, tokenSource, waitJob, type Client, type components, type Options } from "esoz";

const baseUrl = process.env["ESOZ_URL"] ?? "http://127.0.0.1:8080";
const apiKey = "sandbox-mis-key";

// The sandbox's world is the same in every sandbox; see docs/sandbox-world.md.
const clinic = "b03be10e-8c9c-5935-a736-0d94bee86521"; // the legal entity, and the id of its OAuth client
const redirectUri = "https://example.com/callback";
const patient = "722757d1-9a84-5559-803f-3fcf525809df";
const declarationRequest = "b934fd09-3907-5df3-bd43-986507dd8697";
const approval = "271bcdca-9b64-5183-9d8e-ec4d53bc87d4";
const serviceRequest = "9976beb6-c208-5552-ac1e-7a980588a1b2";
const deviceDispense = "45ab6d7a-ff13-5796-8116-741f2db75e20";

/** A client that tells what it does. */
function connect(token?: Options["token"]): Client {
  const api = createClient({ baseUrl, apiKey, token });
  api.use({
    onResponse({ request, response }) {
      console.log(`${request.method.padEnd(5)} ${decodeURI(request.url.slice(baseUrl.length))} -> ${response.status}`);
    },
  });
  return api;
}

/** Goes from a password to access tokens that are refreshed by themselves. */
async function logIn(): Promise<Client> {
  const anyone = connect();
  const session = await anyone.POST("/auth/login", {
    body: {
      token: {
        grant_type: "password", email: "login_user@example.com", password: "sandbox-password-1",
        client_id: clinic, scope: "app:authorize",
      },
    },
  });
  // The user agrees. In a browser this happens at the national system, and the code comes with a redirect.
  const consent = await connect(session.data.data.value).POST("/oauth/apps/authorize", {
    body: {
      app: {
        client_id: clinic, redirect_uri: redirectUri,
        scope: "division:write approval:create otp:write service_request:use job:read",
      },
    },
  });
  return connect(
    tokenSource(anyone, {
      grant_type: "authorization_code", code: consent.data.data.value,
      client_id: clinic, client_secret: "sandbox-secret-clinic", redirect_uri: redirectUri,
    }),
  );
}

const doctors = {
  first: { token: "sandbox-doctor", employee: "91263858-5734-5192-9e3b-d74f237e6d52" },
  second: { token: "sandbox-colleague", employee: "356b2d88-33f3-57cc-847b-2d301500d79d" }, // of the same clinic
};
type Doctor = (typeof doctors)["first"];
const patientPhone = "+380671234569"; // nobody's in the sandbox

/** Takes a patient from a phone to a declaration, and to the next one with another doctor, which ends the first. */
async function register(division: string): Promise<string> {
  const api = connect(doctors.first.token);
  const person = await registerPatient(api);
  const declaration = await declare(doctors.first, person, division);
  await declare(doctors.second, person, division);
  const { data: ended } = await api.GET("/api/declarations/{id}", { params: { path: { id: declaration } } });
  if (ended.data.status !== "terminated") {
    throw new Error(`the first declaration is ${ended.data.status}`);
  }
  return person;
}

async function registerPatient(api: Client): Promise<string> {
  let since = new Date();
  await api.POST("/api/verifications", { body: { phone_number: patientPhone } });
  await api.PATCH("/api/verifications/{phone_number}/actions/complete", {
    params: { path: { phone_number: patientPhone } }, body: { code: Number((await inbox(since)).code) },
  });
  const { data: found } = await api.GET("/api/uaddresses/settlements", { params: { query: { name: "Бердичів" } } });
  const settlement = found.data[0];
  if (!settlement?.region || !settlement.district || !settlement.type) {
    throw new Error("the settlement is not there");
  }
  since = new Date();
  const { data: made } = await api.POST("/api/v2/person_requests", {
    body: {
      patient_signed: false, process_disclosure_data_consent: true,
      person: {
        first_name: "Віра", last_name: "Мельник", second_name: "Іванівна", birth_date: "1988-03-14", birth_country: "Україна",
        birth_settlement: "Бердичів", gender: "FEMALE", no_tax_id: false, tax_id: "3221405190", secret: "калина",
        documents: [{ type: "PASSPORT", number: "ВМ204520", issued_by: "Бердичівським МВ УДМС", issued_at: "2006-05-16" }],
        addresses: [
          {
            type: "RESIDENCE", country: "UA", area: settlement.region, region: settlement.district, settlement: settlement.settlement_name,
            settlement_type: settlement.type, settlement_id: settlement.id, zip: "13300",
          },
        ],
        authentication_methods: [{ type: "OTP", phone_number: patientPhone }],
        emergency_contact: { first_name: "Іван", last_name: "Мельник", phones: [{ type: "MOBILE", number: "+380503410870" }] },
      },
    },
  });
  const id = { params: { path: { id: made.data.id } } };
  const code = (await inbox(since)).code;
  await refused("Invalid verification code", api.PATCH("/api/v2/person_requests/{id}/actions/approve", { ...id, body: { verification_code: "0" } }));
  const { data: approved } = await api.PATCH("/api/v2/person_requests/{id}/actions/approve", { ...id, body: { verification_code: code } });
  const content = { ...approved.data, patient_signed: true }; // on the printed form
  await refused("Signed content does not match the previously created content", api.PATCH("/api/v2/person_requests/{id}/actions/sign", {
    ...id, body: { signed_content: await sign(doctors.first, { ...content, person: { ...content.person, last_name: "Інша" } }) },
  }));
  await refused("Does not match the signer drfo", api.PATCH("/api/v2/person_requests/{id}/actions/sign", {
    ...id, body: { signed_content: await sign(doctors.second, content) },
  }));
  const { data: signed } = await api.PATCH("/api/v2/person_requests/{id}/actions/sign", {
    ...id, body: { signed_content: await sign(doctors.first, content) },
  });
  const { data: persons } = await api.GET("/api/persons", {
    params: { query: { first_name: "Віра", last_name: "Мельник", birth_date: "1988-03-14", phone_number: patientPhone } },
  });
  if (persons.data.length !== 1 || persons.data[0]?.id !== signed.data.person_id) {
    throw new Error("the registered person is not what is found");
  }
  return signed.data.person_id;
}

async function declare(doctor: Doctor, person: string, division: string): Promise<string> {
  const api = connect(doctor.token);
  const { data: made } = await api.POST("/api/v3/declaration_requests", {
    body: { person_id: person, employee_id: doctor.employee, division_id: division },
  });
  const id = { params: { path: { id: made.data.id } } };
  const since = new Date();
  await api.POST("/api/v3/declaration_requests/{id}/actions/resend_otp", id);
  const { data: approved } = await api.PATCH("/api/v3/declaration_requests/{id}/actions/approve", {
    ...id, body: { verification_code: (await inbox(since)).code },
  });
  const content = approved.data.data_to_be_signed as { person: object };
  const { data: signed } = await api.PATCH("/api/v3/declaration_requests/{id}/actions/sign", {
    ...id, body: { signed_declaration_request: await sign(doctor, { ...content, person: { ...content.person, patient_signed: true } }) },
  });
  console.log(`      declaration ${signed.data.status}`);
  return signed.data.id;
}

/** Signs with a key of the sandbox. Elsewhere the user's own key does that. */
async function sign(by: { token: string }, content: object): Promise<string> {
  const response = await fetch(`${baseUrl}/_sandbox/sign`, {
    method: "POST", headers: { Authorization: `Bearer ${by.token}`, "Content-Type": "application/json" }, body: JSON.stringify({ content }),
  });
  const { signed_content } = (await response.json()) as { signed_content: string };
  return signed_content;
}

/** Expects a refusal with a text. */
async function refused(text: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const told = error instanceof EsozError ? error.invalid.flatMap((item) => item.rules?.map((rule) => rule.description) ?? []) : [];
    if ([String(error), ...told].some((t) => t?.includes(text))) {
      console.log(`      ${text}`);
      return;
    }
    throw error;
  }
  throw new Error(`not refused: ${text}`);
}

async function createDivision(api: Client): Promise<string> {
  const { data: found } = await api.GET("/api/uaddresses/settlements", { params: { query: { name: "Бердичів" } } });
  const settlement = found.data[0];
  if (!settlement?.region || !settlement.district || !settlement.type) {
    throw new Error("the settlement is not there, or stands in no district");
  }
  const { data: created } = await api.POST("/api/divisions", {
    body: {
      name: "Бердичівське відділення", type: "CLINIC", email: "berdychiv@example.com",
      addresses: [
        {
          type: "RESIDENCE", country: "UA", area: settlement.region, region: settlement.district,
          settlement: settlement.settlement_name, settlement_type: settlement.type, settlement_id: settlement.id,
          street_type: "STREET", street: "вул. Вінницька", building: "15", zip: "13300",
        },
      ],
      phones: [{ type: "MOBILE", number: "+380503410870" }],
    },
  });
  console.log(`      ${created.data.status} ${created.data.name}`);
  return created.data.id;
}

const stranger = { token: "sandbox-other-doctor", employee: "e43c9cc9-a01a-5ecf-8c26-236f04054431" }; // of another clinic

const reference = <Kind extends string>(code: Kind, value: string) => ({
  identifier: { type: { coding: [{ system: "eHealth/resources" as const, code }] }, value },
});

/** Begins an episode of a patient, by a doctor of the clinic. */
async function beginEpisode(person: string): Promise<string> {
  const own = connect(doctors.second.token);
  const id = crypto.randomUUID();
  const { data: begun } = await own.POST("/api/patients/{patient_id}/episodes", {
    params: { path: { patient_id: person } },
    body: {
      id, name: "Діабет", status: "active", type: { system: "eHealth/episode_types", code: "PHC" },
      managing_organization: reference("legal_entity", clinic),
      care_manager: reference("employee", doctors.second.employee),
      period: { start: new Date(Date.now() - 3_600_000).toISOString() },
    },
  });
  await waitJob(own, begun, { signal: AbortSignal.timeout(30_000) });
  return id;
}

/** Has the doctor of another clinic ask for an episode; returns the id of the approval. */
async function askForEpisode(api: Client, person: string, episode: string): Promise<string> {
  const { data: accepted } = await api.POST("/api/patients/{patient_id}/approvals", {
    params: { path: { patient_id: person } },
    body: {
      resources: [reference("episode_of_care", episode)], granted_to: reference("employee", stranger.employee), access_level: "read",
    },
  });
  const job = await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  return (job.response_data as { id: string }).id;
}

/** Expects that an access is refused. */
async function forbidden(call: Promise<unknown>): Promise<void> {
  const refusal = await call.catch((error: unknown) => error);
  if (!(refusal instanceof EsozError) || refusal.status !== 403) {
    throw new Error(`what no approval opens is answered: ${String(refusal)}`);
  }
}

/** Begins an episode, and takes an approval of it for a doctor of another clinic from its creation to its cancellation. */
async function shareEpisode(person: string): Promise<void> {
  const episode = await beginEpisode(person);
  const api = connect(stranger.token);
  const asked = new Date();
  const path = { patient_id: person, id: await askForEpisode(api, person, episode) };
  const { code } = await inbox(asked);
  await api.PATCH("/api/patients/{patient_id}/approvals/{id}", { params: { path }, body: { code } });
  const read = () =>
    api.GET("/api/patients/{patient_id}/episodes/{episode_id}/encounters", { params: { path: { patient_id: person, episode_id: episode } } });
  await read();

  const { data: ending } = await api.PATCH("/api/patients/{patient_id}/approvals/{id}/actions/cancel", { params: { path } });
  await waitJob(api, ending, { signal: AbortSignal.timeout(30_000) });
  await forbidden(read());
}

/** Has approvals confirmed by documents, without a code, and for a child by a third person, who gets the SMS. */
async function confirmOtherwise(): Promise<void> {
  const api = connect(stranger.token);
  for (const { person, phone } of [
    { person: "1c3bb2a5-204a-54b4-b350-6e61dcd9d1be", phone: undefined }, // OFFLINE
    { person: "9f878e9f-447c-556f-9504-c2532756f054", phone: "+380931234575" }, // THIRD_PERSON
  ]) {
    const episode = await beginEpisode(person);
    const asked = new Date();
    const path = { patient_id: person, id: await askForEpisode(api, person, episode) };
    const sms = phone === undefined ? undefined : await inbox(asked);
    if (sms?.phone !== phone) {
      throw new Error("the SMS went to another phone than the third person's");
    }
    await api.PATCH("/api/patients/{patient_id}/approvals/{id}", { params: { path }, body: sms === undefined ? {} : { code: sms.code } });
    await api.GET("/api/patients/{patient_id}/episodes/{episode_id}", { params: { path: { patient_id: person, episode_id: episode } } });
  }
}

/** Shows that an approval whose time is over opens nothing. */
async function expire(): Promise<void> {
  const api = connect(doctors.second.token);
  const patientPath = { patient_id: "97050973-0e4c-579a-9910-c53e30d0b21e" }; // of the other clinic
  const { data: shown } = await api.GET("/api/patients/{patient_id}/approvals/{id}", {
    params: { path: { ...patientPath, id: "33e0c781-30be-5332-9ac3-a4c65263a7b1" } },
  });
  if (Array.isArray(shown.data)) {
    throw new Error("the approval is not there");
  }
  console.log(`      good until ${shown.data.expires_at}`);
  const episode_id = shown.data.granted_resources[0]?.identifier.value ?? "";
  await forbidden(api.GET("/api/patients/{patient_id}/episodes/{episode_id}", { params: { path: { ...patientPath, episode_id } } }));
}

async function enterCode(api: Client): Promise<void> {
  const since = new Date();
  await api.POST("/api/v3/declaration_requests/{id}/actions/resend_otp", { params: { path: { id: declarationRequest } } });
  const sms = await inbox(since);
  await api.PATCH("/api/verifications/{phone_number}/actions/complete", {
    params: { path: { phone_number: sms.phone } },
    body: { code: Number(sms.code) },
  });
}

async function resendApprovalSms(api: Client): Promise<void> {
  const since = new Date();
  const { data: accepted } = await api.PATCH("/api/patients/{patient_id}/approvals/{id}/actions/resend", {
    params: { path: { patient_id: patient, id: approval } },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  await inbox(since);
}

async function release(api: Client): Promise<void> {
  const { data: accepted } = await api.PATCH("/api/service_requests/{service_request_id}/actions/release", {
    params: { path: { service_request_id: serviceRequest } },
  });
  const job = await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  console.log(`      changed: ${job.links?.[0]?.href}`);
  changed("ServiceRequest", serviceRequest, 1);
}

async function stopDispense(api: Client): Promise<void> {
  const { data: accepted } = await api.PATCH("/api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/stop", {
    params: { path: { patient_id: patient, device_dispense_id: deviceDispense } },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  changed("DeviceDispense", deviceDispense, 1);
}

const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const now = (minutes = 0) => new Date(Date.now() + minutes * 60_000).toISOString();

/** Where a patient is treated, and the encounter that all else comes of. */
type Care = { person: string; episode: string; first: Package };
type Package = Awaited<ReturnType<typeof submit>>;

/** Begins an episode of a patient, and keeps what the doctor has found. */
async function treat(person: string): Promise<Care> {
  const episode = await beginEpisode(person);
  return { person, episode, first: await submit(person, episode) };
}

/** Stores an encounter with its diagnosis, signed by the doctor. It carries out a referral, if there is one. */
async function submit(person: string, episode: string, referral?: string) {
  const api = connect(doctors.first.token);
  const [id, condition, visit] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const performer = reference("employee", doctors.first.employee);
  const period = { start: now(-30), end: now(-10) };
  const content = {
    encounter: {
      id, status: "finished", period, visit: reference("visit", visit), episode: reference("episode", episode), performer,
      class: { system: "eHealth/encounter_classes", code: "PHC" }, type: concept("eHealth/encounter_types", "service_delivery_location"),
      reasons: [concept("eHealth/ICPC2/reasons", "A02")], actions: [concept("eHealth/ICPC2/actions", "A31")],
      diagnoses: [{ condition: reference("condition", condition), role: concept("eHealth/diagnosis_roles", "primary"), rank: 1 }],
      ...(referral === undefined ? {} : { incoming_referral: reference("service_request", referral) }),
    },
    conditions: [
      {
        id: condition, primary_source: true, asserter: performer, context: reference("encounter", id),
        code: concept("eHealth/ICPC2/condition_codes", "R80"), clinical_status: "active", verification_status: "confirmed",
        onset_date: now(-60), asserted_date: now(-20),
      },
    ],
  };
  const { data: accepted } = await api.POST("/api/patients/{patient_id}/encounter_package", {
    params: { path: { patient_id: person } }, body: { signed_data: await sign(doctors.first, content), visit: { id: visit, period } },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  await isDiagnosed(api, { person, episode }, condition);
  return { id, condition, content };
}

/** Expects that the episode has a diagnosis. */
async function isDiagnosed(api: Client, { person, episode }: { person: string; episode: string }, condition: string): Promise<void> {
  const { data: shown } = await api.GET("/api/patients/{patient_id}/episodes/{episode_id}", {
    params: { path: { patient_id: person, episode_id: episode } },
  });
  const diagnoses = shown.data.current_diagnoses;
  if (diagnoses.length !== 1 || diagnoses[0]?.condition.identifier.value !== condition) {
    throw new Error("the episode has not the diagnosis of the last encounter in force");
  }
}

/**
 * Cancels the package with whose encounter the referral was completed. Its diagnosis leaves the episode; the referral stays
 * as it is.
 */
async function takeBack(care: Care, { referral, second }: { referral: string; second: Package }): Promise<void> {
  const api = connect(doctors.first.token);
  const { encounter, conditions } = second.content;
  const status = "entered_in_error";
  const signed_data = await sign(doctors.first, {
    encounter: {
      ...encounter, status, cancellation_reason: concept("eHealth/cancellation_reasons", "misspelling"),
      explanatory_letter: "Помилка під час внесення до системи",
    },
    conditions: conditions.map((condition) => ({ ...condition, verification_status: status })),
  });
  const patient_id = care.person;
  const { data: accepted } = await api.PATCH("/api/patients/{patient_id}/encounter_package", {
    params: { path: { patient_id } }, body: { signed_data },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  const { data: shown } = await api.GET("/api/patients/{patient_id}/encounters/{encounter_id}", {
    params: { path: { patient_id, encounter_id: second.id } },
  });
  const { data: found } = await api.GET("/api/patients/{patient_id}/conditions/{condition_id}", {
    params: { path: { patient_id, condition_id: second.condition } },
  });
  const { data: referred } = await api.GET("/api/patients/{patient_id}/service_requests/{service_request_id}", {
    params: { path: { patient_id, service_request_id: referral } },
  });
  const got = [shown.data.status, found.data.verification_status, referred.data.status].join(" ");
  if (got !== `${status} ${status} completed`) {
    throw new Error(`the encounter, its condition and the referral are ${got}`);
  }
  await isDiagnosed(api, care, care.first.condition);
}

const service = "cd88e4f2-b408-56e8-a1ae-2cab3ce64586";

/** Writes a referral, signed by the doctor, once the medical program has said that it would pay. */
async function refer(care: Care): Promise<string> {
  const api = connect(doctors.first.token);
  const params = { path: { patient_id: care.person } };
  const program = reference("medical_program", "222ead96-3c1f-509e-b1b8-5b421f652c07");
  const wanted = {
    status: "active" as const, intent: "order", priority: "routine", code: reference("service", service),
    category: { coding: [{ system: "eHealth/SNOMED/service_request_categories" as const, code: "diagnostic_procedure" }] },
    context: reference("encounter", care.first.id), reason_reference: [reference("condition", care.first.condition)],
    requester_employee: reference("employee", doctors.first.employee), requester_legal_entity: reference("legal_entity", clinic),
  };
  const { data: told } = await api.POST("/api/patients/{patient_id}/service_requests/prequalify", {
    params, body: { service_request: wanted, programs: [program] },
  });
  if (told.data[0]?.status !== "VALID") {
    throw new Error("the program would not pay for the referral");
  }
  const id = crypto.randomUUID();
  const { data: accepted } = await api.POST("/api/patients/{patient_id}/service_requests", {
    params, body: { signed_data: await sign(doctors.first, { ...wanted, id, program }) },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  return id;
}

/**
 * Takes a referral from the question who pays to its end by a second encounter. On the way it is given back once, which takes
 * the flow in which Use puts referrals into a queue.
 */
async function serveReferral(care: Care): Promise<{ referral: string; second: Package }> {
  const api = connect(doctors.first.token);
  const program = reference("medical_program", "222ead96-3c1f-509e-b1b8-5b421f652c07");
  const referral = await refer(care);
  const params = { path: { service_request_id: referral } };
  const { data: told } = await api.POST("/api/service_requests/{service_request_id}/actions/qualify", { params, body: { programs: [program] } });
  if (told.data[0]?.status !== "VALID") {
    throw new Error("the program does not pay for the referral");
  }
  const use = () =>
    api.PATCH("/api/service_requests/{service_request_id}/actions/use", {
      params,
      body: {
        program, used_by_legal_entity: reference("legal_entity", clinic), used_by_employee: reference("employee", doctors.first.employee),
        used_by_division: reference("division", "965430ff-3e10-5377-af26-dafce365a69f"),
      },
    });
  await putUsedInto("in_queue");
  for (const step of [
    use,
    () => api.PATCH("/api/service_requests/{service_request_id}/actions/release", { params }),
    use,
    () => api.PATCH("/api/service_requests/{service_request_id}/actions/process", { params }),
  ]) {
    const { data: accepted } = await step();
    await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  }
  const second = await submit(care.person, care.episode, referral);
  const { data: paid } = await api.GET("/api/program_services", {
    params: { query: { medical_program_id: program.identifier.value, page_size: 100 } },
  });
  const item = paid.data.find(({ service_id }) => service_id === service);
  if (item === undefined) {
    throw new Error("the program does not pay for the service");
  }
  const { data: completing } = await api.PATCH("/api/service_requests/{service_request_id}/actions/complete", {
    params, body: { completed_with: reference("encounter", second.id), program_service: reference("program_service", item.id) },
  });
  await waitJob(api, completing, { signal: AbortSignal.timeout(30_000) });
  await putUsedInto("in_progress");
  changed("ServiceRequest", referral, 6); // one of each step, and one of the end of its program
  return { referral, second };
}

/** Changes what Use does with referrals, a setting of the national system. Only in a sandbox can one change it. */
async function putUsedInto(status: string): Promise<void> {
  const response = await fetch(`${baseUrl}/_sandbox/config`, {
    method: "POST", body: JSON.stringify({ SERVICE_REQUEST_USE_TARGET_STATUS: status }),
  });
  if (!response.ok) {
    throw new Error(`a setting of the sandbox is not changed: ${response.status}`);
  }
}

/** Has the author of two more referrals recall the one and cancel the other, by signature. The patient is told by SMS. */
async function withdrawReferrals(care: Care): Promise<void> {
  const author = doctors.first;
  const api = connect(author.token);
  for (const { action, status } of [
    { action: "recall", status: "recalled" },
    { action: "cancel", status: "entered_in_error" },
  ] as const) {
    const id = await refer(care);
    const params = { path: { patient_id: care.person, service_request_id: id } };
    const read = () => api.GET("/api/patients/{patient_id}/service_requests/{service_request_id}", { params });
    const { data: before } = await read();
    const status_reason = { coding: [{ system: `eHealth/service_request_${action}_reasons`, code: "default" }] };
    const signed_data = await sign(author, { ...before.data, status_reason });
    const since = new Date();
    const { data: accepted } = await api.PATCH(`/api/patients/{patient_id}/service_requests/{service_request_id}/actions/${action}`, {
      params, body: { signed_data },
    });
    await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
    const { text } = await inbox(since);
    console.log(`      ${text}`);
    if (!text.includes(before.data.requisition)) {
      throw new Error("the SMS does not tell the number of the referral");
    }
    const { data: after } = await read();
    if (after.data.status !== status) {
      throw new Error(`the referral is ${after.data.status}, want ${status}`);
    }
    changed("ServiceRequest", id, 1);
  }
}

const pharmacist = { token: "sandbox-pharmacist", employee: "dda9abdf-51f9-5657-adf0-a75886dc1ac7" };
const deviceProgram = "c582f656-203d-5971-a05d-71dd2c1c25eb";
type DeviceRequest = components["schemas"]["DeviceRequest"];
type DispensePath = { patient_id: string; device_dispense_id: string };

/**
 * Has a pharmacist dispense what three prescriptions of the doctor ask for: what is handed over completes its device request,
 * the second dispense is stopped, and the third was a mistake.
 */
async function dispenseDevices(care: Care): Promise<void> {
  const api = connect(pharmacist.token);
  for (const { end, dispensed, requested } of [
    { end: handOver, dispensed: "completed", requested: "completed" },
    { end: stop, dispensed: "stopped", requested: "active" },
    { end: markInError, dispensed: "entered_in_error", requested: "active" },
  ]) {
    const { request, number, code } = await prescribe(care);
    const dispense = { patient_id: care.person, device_dispense_id: await beginDispense(api, care.person, await find(api, number), code) };
    await end(api, dispense);
    const { status: became } = await readDispense(api, dispense);
    const { status } = await find(api, number);
    if (became !== dispensed || status !== requested) {
      throw new Error(`the dispense is ${became}, its request ${status}; want ${dispensed} and ${requested}`);
    }
    changed("DeviceDispense", dispense.device_dispense_id, 2); // of its beginning and of its end
    changed("DeviceRequest", request, requested === "completed" ? 2 : 1);
  }
}

/** Writes a prescription of a device, signed by the doctor. The patient shows its SMS at the pharmacy. */
async function prescribe(care: Care): Promise<{ request: string; number: string; code: string }> {
  const api = connect(doctors.first.token);
  const params = { path: { patient_id: care.person } };
  const program = reference("medical_program", deviceProgram);
  const wanted = {
    intent: "order", quantity: { value: 10, system: "device_unit" as const, code: "piece" }, authored_on: now(),
    code_reference: reference("device_definition", "4ba15f56-8ed6-5aac-8dcf-30abd1d97f9e"),
    encounter: reference("encounter", care.first.id), requester: reference("employee", doctors.first.employee),
    occurrence_period: { start: now(), end: now(30 * 24 * 60) },
  };
  const { data: told } = await api.POST("/api/patients/{patient_id}/device_requests/prequalify", {
    params, body: { device_request: wanted, programs: [program] },
  });
  if (told.data[0]?.status !== "VALID") {
    throw new Error("the program would not pay for the device");
  }
  const request = crypto.randomUUID();
  const since = new Date();
  const { data: accepted } = await api.POST("/api/patients/{patient_id}/device_requests", {
    params, body: { signed_data: await sign(doctors.first, { ...wanted, id: request, status: "active", program }) },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  const { text, code } = await inbox(since);
  const [number] = /[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/.exec(text) ?? [];
  if (number === undefined || code === "") {
    throw new Error("the SMS about the device request tells no number and code");
  }
  return { request, number, code };
}

/** Returns the device request that has a number. */
async function find(api: Client, requisition: string): Promise<DeviceRequest> {
  const { data: found } = await api.GET("/api/device_requests", { params: { query: { requisition } } });
  const [request] = found.data;
  if (request === undefined || found.data.length !== 1) {
    throw new Error(`${found.data.length} device requests have the number, want 1`);
  }
  return request;
}

/** Begins a dispense of all that a device request asks for, at the expense of its medical program. */
async function beginDispense(api: Client, person: string, request: DeviceRequest, verification_code: string): Promise<string> {
  const program = reference("medical_program", deviceProgram);
  const location = reference("division", "cf89e85c-4261-5d55-8e25-a2258360834b"); // a drugstore
  const { data: told } = await api.POST("/api/device_requests/{device_request_id}/actions/qualify", {
    params: { path: { device_request_id: request.id } }, body: { location, programs: [program] },
  });
  const device = told.data[0]?.participants[0]; // what the program pays for
  if (told.data[0]?.status !== "VALID" || device === undefined || request.quantity === undefined) {
    throw new Error("the program does not pay for the device request");
  }
  const id = crypto.randomUUID();
  const { data: accepted } = await api.POST("/api/patients/{patient_id}/device_dispenses", {
    params: { path: { patient_id: person } },
    body: {
      id, status: "in_progress", primary_source: true, based_on: reference("device_request", request.id), program, location, verification_code,
      performer: reference("employee", pharmacist.employee),
      details: [
        {
          device: reference("device_definition", device.device_definition.id), program_device: reference("program_device", device.id),
          quantity: { value: request.quantity.value, system: "device_unit", code: request.quantity.code }, sell_price: 18.65, discount_amount: 150,
        },
      ],
    },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
  return id;
}

async function readDispense(api: Client, path: DispensePath): Promise<components["schemas"]["DeviceDispense"]> {
  const { data: read } = await api.GET("/api/patients/{patient_id}/device_dispenses/{device_dispense_id}", { params: { path } });
  return read.data;
}

/** Completes a dispense by signature: as it is read, with what has become of it. */
async function handOver(api: Client, path: DispensePath): Promise<void> {
  const signed_data = await sign(pharmacist, {
    ...(await readDispense(api, path)), status: "completed", when_handed_over: new Date().toISOString(), payment_amount: 36.5,
  });
  const { data: accepted } = await api.PATCH("/api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/complete", {
    params: { path }, body: { signed_data },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
}

/** Ends a dispense whose devices were not picked up. */
async function stop(api: Client, path: DispensePath): Promise<void> {
  const { data: accepted } = await api.PATCH("/api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/stop", {
    params: { path },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
}

/** Takes a dispense back that was a mistake, by signature. */
async function markInError(api: Client, path: DispensePath): Promise<void> {
  const status_reason = { coding: [{ system: "device_dispense_mark_in_error_reasons", code: "incorrect_patient" }] };
  const signed_data = await sign(pharmacist, { ...(await readDispense(api, path)), status: "entered_in_error", status_reason });
  const { data: accepted } = await api.PATCH("/api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/mark_in_error", {
    params: { path }, body: { signed_data },
  });
  await waitJob(api, accepted, { signal: AbortSignal.timeout(30_000) });
}

/** What the walk has changed, and by how many events that is told. */
const changes: { entity: string; id: string; events: number }[] = [];
const changed = (entity: string, id: string, events: number) => changes.push({ entity, id, events });

async function readEvents(api: Client, since: Date): Promise<void> {
  const date = since.toISOString().slice(0, 19); // UTC, without a zone
  const told: { entity_type: string; entity_id: string }[] = [];
  for (const entity_type of ["ServiceRequest", "DeviceRequest", "DeviceDispense"]) {
    const { data: events } = await api.GET("/api/events", { params: { query: { date, entity_type, page_size: 100 } } });
    told.push(...events.data);
    for (const { entity_id, properties } of events.data) {
      console.log(`      ${entity_type} ${entity_id} ${JSON.stringify(properties)}`);
    }
  }
  for (const { entity, id, events } of changes) {
    const count = told.filter((event) => event.entity_type === entity && event.entity_id === id).length;
    if (count !== events) {
      throw new Error(`${count} events tell of ${entity} ${id}, want ${events}`);
    }
  }
}

/**
 * Waits for the message that came after a moment. The inbox is the phone of all
 * patients of the sandbox and no part of the API: elsewhere people tell the code. It
 * is empty for an SMS that does not end with a number.
 */
async function inbox(after: Date): Promise<{ phone: string; text: string; code: string }> {
  const query = new URLSearchParams({ wait: "10s", after: after.toISOString() });
  const response = await fetch(`${baseUrl}/_sandbox/sms?${query}`);
  const [message] = (await response.json()) as { phone: string; text: string; code?: string }[];
  if (message === undefined) {
    throw new Error("no message arrived");
  }
  return { code: "", ...message };
}

const began = new Date();
const user = await logIn();
const person = await register(await createDivision(user));
await shareEpisode(person);
await confirmOtherwise();
await expire();
await enterCode(user);
await resendApprovalSms(user);
await release(user);
await stopDispense(connect(pharmacist.token));
const care = await treat(person);
const served = await serveReferral(care);
await withdrawReferrals(care);
await dispenseDevices(care);
await takeBack(care, served);
await readEvents(connect("sandbox-mis"), began);
console.log("Done.");
