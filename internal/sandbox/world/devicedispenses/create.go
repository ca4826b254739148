package devicedispenses

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	stored "esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/devicerequests"
)

// item is one of details: packages of test strips, but for what is changed.
func item(changes build.Row) build.Row {
	return build.Edit(build.Row{
		"device": build.ReferenceTo("device_definition", "device definition"), "program_device": build.ReferenceTo("program_device", "program device"),
		"quantity": build.Row{"value": 10, "system": "device_unit", "code": "piece"}, "sell_price": 18.65, "discount_amount": 150,
	}, changes)
}

// details of one item.
func details(changes build.Row) build.Row { return build.Row{"details": []build.Row{item(changes)}} }

func create(w *build.World) {
	const op = "createDeviceDispense"
	body := func(request string, changes build.Row) build.Row {
		return build.Edit(build.Row{
			"id": build.ID("dispense of " + request), "status": "in_progress", "primary_source": true,
			"performer": build.ReferenceTo("employee", "employee pharmacist"), "location": build.ReferenceTo("division", "drugstore"),
			"based_on": build.ReferenceTo("device_request", request), "program": build.ReferenceTo("medical_program", "device program"),
			"verification_code": devicerequests.Code(build.ID(request)), "note": "Видати разом з інструкцією", "details": []build.Row{item(nil)},
		}, changes)
	}
	to := func(patient, request string, changes build.Row) build.Request {
		w.Object("device dispense", "dispense of "+request, "is not there yet: Create Device Dispense makes it")
		return build.Post(pharmacist, "/api/patients/"+patient+"/device_dispenses").With(body(request, changes))
	}
	patient := build.ID("patient").String()
	of := func(request string, changes build.Row) build.Request { return to(patient, request, changes) }
	request := func(name, note string) *devicerequests.Request { return devicerequests.Of(w, name, "patient", note) }
	passes := func(title, request string, changes build.Row) {
		w.Passes(op, title, of(request, changes), http.StatusAccepted)
	}
	free := build.Row{"program": nil, "verification_code": nil}
	outside := func(changes build.Row) build.Row {
		return build.Changed(free, details(build.Changed(build.Row{"program_device": nil}, changes)))
	}

	const first = "device request to be met"
	request(first, "active, in the medical program of devices: it can be dispensed").Add()
	passes("a request in a program", first, nil)
	request("device request to be met without a code", "the same").Add()
	passes("no code, and the program's device left out", "device request to be met without a code",
		build.Changed(build.Row{"verification_code": nil}, details(build.Row{"program_device": nil})))
	request("device request to be met in part", "the same").Add()
	passes("a part of the quantity", "device request to be met in part", details(build.Row{"quantity": build.Row{"value": 5, "system": "device_unit", "code": "piece"}}))
	request("device request to be met outside of programs", "active, of no program").WithoutProgram().Add()
	passes("a request of no program", "device request to be met outside of programs", outside(nil))
	byType := func(name string) *devicerequests.Request {
		return request(name, "active, by type").With(func(d *stored.Document) {
			d.CodeReference, d.Code = nil, new(medicalevents.Concept("device_definition_classification_type", "30221"))
		})
	}
	byType("device request of a type to be met").Add()
	passes("a device of the prescribed type", "device request of a type to be met", nil)
	byType("device request of a type to be met by type").WithoutProgram().Add()
	passes("the prescribed type itself", "device request of a type to be met by type", outside(build.Row{
		"device": nil, "device_code": build.Row{"coding": []build.Row{{"system": "device_definition_classification_type", "code": "30221"}}},
	}))
	request("device request to be met by a percentage", "active, in a program with two prices").InProgram("device program of several devices", "Вироби на вибір").Add()
	several := build.Row{"program": build.ReferenceTo("medical_program", "device program of several devices")}
	passes("a percentage", "device request to be met by a percentage", build.Changed(several, details(build.Row{"program_device": build.ReferenceTo("program_device", "second program device")})))
	request("device request of any amount to be met", "active, of no program, without a quantity, with a dispense in progress").WithoutProgram().
		With(func(d *stored.Document) { d.Quantity = nil }).Add()
	waiting := begin(w, "device dispense of any amount", "patient", "in_progress; its request has no quantity", own)
	waiting.d.BasedOn = new(medicalevents.To("device_request", build.ID("device request of any amount to be met")))
	waiting.outsideOfPrograms()
	waiting.seed()
	passes("a second dispense of a request without a quantity", "device request of any amount to be met", outside(nil))
	begin(w, "device dispense that was not picked up", "patient", "status unknown", own).expire(time.Hour).add()
	passes("a request whose dispense was not picked up", "device request of device dispense that was not picked up", nil)

	refused := func(title, request string, changes build.Row, refusal *fault.Error) *build.Case {
		return w.Refused(op, title, of(request, changes), refusal)
	}
	const asked = "device request that nobody meets"
	request(asked, "active, in the medical program of devices").Add()
	no := func(title string, changes build.Row, rule rules.ID) *build.Case {
		return refused(title, asked, changes, fault.Refuse(rule))
	}
	refused("a status that only Complete sets", asked, build.Row{"status": "completed"},
		build.WrongShape(rules.DeviceDispenseCreateSchema, "$.status", "inclusion", "value is not allowed in enum"))
	w.Refused(op, "an unknown patient", to(build.ID("nobody").String(), asked, nil), fault.Refuse(rules.DeviceDispenseCreatePerson))
	w.Refused(op, "a malformed patient id", to("1", asked, nil), fault.Refuse(rules.DeviceDispenseCreatePerson))
	no("an id that is taken", build.Row{"id": build.ID("device dispense of another pharmacy")}, rules.DeviceDispenseCreateID)

	for _, e := range []struct {
		name, legalEntity, note string
		columns                 build.Row
	}{
		{"dismissed employee pharmacist", "pharmacy", "the pharmacist in a former position", build.Row{"status": "DISMISSED"}},
		{"employee pharmacist of the other pharmacy", "other_pharmacy", "the pharmacist in another pharmacy", nil},
		{"leaving employee pharmacist", "pharmacy", "the pharmacist in a position that ends today", build.Row{"end_date": w.Day(0)}},
	} {
		w.Insert("prm.employees", build.Changed(w.Audited(build.Row{
			"id": w.Object("employee", e.name, e.note), "party_id": build.ID("party pharmacist"), "legal_entity_id": build.ID(e.legalEntity),
			"employee_type": "PHARMACIST", "position": "P1", "status": "APPROVED", "is_active": true, "start_date": w.Now.AddDate(-2, 0, 0),
		}), e.columns))
	}
	performer := func(name string) build.Row { return build.Row{"performer": build.ReferenceTo("employee", name)} }
	no("another pharmacist", performer("employee other_pharmacist"), rules.DeviceDispenseCreatePerformer)
	no("an unknown employee", performer("no employee"), rules.DeviceDispenseCreatePerformer)
	no("a dismissed employee", performer("dismissed employee pharmacist"), rules.DeviceDispenseCreatePerformerStatus)
	no("an employee of another pharmacy", performer("employee pharmacist of the other pharmacy"), rules.DeviceDispenseCreatePerformerLegalEntity)
	no("an employee whose last day has come", performer("leaving employee pharmacist"), rules.DeviceDispenseCreatePerformerEndDate)

	location := func(name string) build.Row { return build.Row{"location": build.ReferenceTo("division", name)} }
	no("an unknown division", location("no division"), rules.DeviceDispenseCreateLocation)
	no("an inactive division", location("inactive drugstore"), rules.DeviceDispenseCreateLocationStatus)
	no("a division of another pharmacy", location("division of the other pharmacy"), rules.DeviceDispenseCreateLocationLegalEntity)
	no("a division outside of DLS", location("drugstore outside of DLS"), rules.DeviceDispenseCreateLocationDls).
		Set("DEVICE_DISPENSE_DIVISION_DLS_VERIFY", "true")

	wrong := func(title, request string, changes build.Row, rule rules.ID) {
		refused(title, request, changes, fault.Refuse(rule))
	}
	wrong("an unknown request", "no device request", nil, rules.DeviceDispenseCreateRequest)
	w.Refused(op, "a request of another patient", to(build.ID("newcomer").String(), asked, nil), fault.Refuse(rules.DeviceDispenseCreateRequestPatient))
	request("planned device request", "active; its intent is plan").With(func(d *stored.Document) { d.Intent = "plan" }).Add()
	wrong("a plan", "planned device request", nil, rules.DeviceDispenseCreateRequestIntent)
	wrong("a revoked request", "revoked device request", nil, rules.DeviceDispenseCreateRequestStatus)
	request("device request to be met too late", "active; dispense_valid_to has passed").Expire().Add()
	wrong("a request whose time is over", "device request to be met too late", nil, rules.DeviceDispenseCreateRequestExpired)
	no("another program", build.Row{"program": build.ReferenceTo("medical_program", "silent device program")}, rules.DeviceDispenseCreateProgram)
	no("no program", free, rules.DeviceDispenseCreateProgram)
	no("a division that does not provide the program", location("drugstore outside of DLS"), rules.DeviceDispenseCreateQualify)
	begin(w, "device dispense that waits", "patient", "in_progress; no case changes it", own).add()
	wrong("another dispense in progress", "device request of device dispense that waits", nil, rules.DeviceDispenseCreateOtherDispense)

	each := func(title string, changes build.Row, rule rules.ID) {
		refused(title, asked, details(changes), fault.RefuseItem(rule, 0, nil))
	}
	each("neither a device nor a type", build.Row{"device": nil}, rules.DeviceDispenseCreateDetails)
	each("a device of another kind", build.Row{"device": build.ReferenceTo("device", "device definition")}, rules.DeviceDispenseCreateDeviceKind)
	each("an unknown device definition", build.Row{"device": build.ReferenceTo("device_definition", "no device definition")}, rules.DeviceDispenseCreateDevice)
	each("an inactive device definition", build.Row{"device": build.ReferenceTo("device_definition", "inactive device definition")}, rules.DeviceDispenseCreateDevice)
	each("another device", build.Row{"device": build.ReferenceTo("device_definition", "device definition of large packages")}, rules.DeviceDispenseCreateDeviceMatch)
	byType("device request of a type that nobody meets").WithoutProgram().Add()
	ofType := func(title string, changes build.Row, rule rules.ID) {
		refused(title, "device request of a type that nobody meets", outside(changes), fault.RefuseItem(rule, 0, nil))
	}
	ofType("a device of another type", build.Row{"device": build.ReferenceTo("device_definition", "device definition of another type")}, rules.DeviceDispenseCreateDeviceMatch)
	ofType("a device counted in boxes", build.Row{"device": build.ReferenceTo("device_definition", "device definition in boxes")}, rules.DeviceDispenseCreatePackagingUnit)
	ofType("a broken package", build.Row{"device": build.ReferenceTo("device_definition", "device definition of large packages")}, rules.DeviceDispenseCreatePackagingCount)
	ofProgram := func(kind, name string) build.Row { return build.Row{"program_device": build.ReferenceTo(kind, name)} }
	each("a device in the program of another kind", ofProgram("program_service", "program device"), rules.DeviceDispenseCreateProgramDeviceKind)
	each("a device that the program pays for no more", ofProgram("program_device", "former program device"), rules.DeviceDispenseCreateProgramDevice)
	each("a device that the program pays for too seldom", ofProgram("program_device", "scarce program device"), rules.DeviceDispenseCreateProgramDeviceDaily)
	each("another device of a program", ofProgram("program_device", "program device of large packages"), rules.DeviceDispenseCreateProgramDeviceDefinition)
	each("a device of another program", ofProgram("program_device", "silent program device"), rules.DeviceDispenseCreateProgramDeviceProgram)

	byType("device request of a type in boxes").Add()
	refused("a device that the program does not pay for", "device request of a type in boxes", details(build.Row{
		"program_device": nil, "device": build.ReferenceTo("device_definition", "device definition outside of programs"),
	}), fault.RefuseItem(rules.DeviceDispenseCreateParticipant, 0, nil))
	request("device request of a program with two prices", "active").InProgram("device program of several devices", "Вироби на вибір").Add()
	refused("two prices, and none chosen", "device request of a program with two prices", build.Changed(several, details(build.Row{"program_device": nil})),
		fault.RefuseItem(rules.DeviceDispenseCreateParticipantSingle, 0, nil))

	no("another code", build.Row{"verification_code": "none"}, rules.DeviceDispenseCreateVerificationCode)
	no("more than is prescribed", details(build.Row{"quantity": build.Row{"value": 15, "system": "device_unit", "code": "piece"}}), rules.DeviceDispenseCreateQuantity)
}
