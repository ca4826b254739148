package programs

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// definitions adds further devices of the catalogue, with programs that pay for them now, or at another time.
func definitions(w *build.World) {
	define(w, "test strips", "packages of 50 test strips; the medical program of devices pays for them", "Тест-смужки Accu-Chek Active для глюкометра", "30221", build.Row{
		"external_id": "0012351", "model_number": "M23N76", "part_number": "P00234", "packaging_type": "box", "packaging_count": 50, "packaging_unit": "pcs",
		"description":  "Для визначення рівня глюкози в крові за допомогою глюкометра Accu-Chek Active",
		"manufacturer": build.Row{"name": "Roche Diabetes Care GmbH", "country": "DE"},
		"note":         "Лише для глюкометра Accu-Chek Active", "properties": []build.Row{property("width", "value_decimal", 5.5), property("color", "value_string", "жовтий")},
	})
	alsoCalled(w, "test strips", "registered", "Смужки тестові Accu-Chek Active №50")
	define(w, "glucometer with strips", "of two classes; only version 2 shows it", "Глюкометр Accu-Chek Active з тест-смужками", "30221", build.Row{
		"classification_type": nil, "model_number": "GC-11", "parent_id": build.ID("test strips"), "packaging_count": 1, "properties": []build.Row{
			property("display", "value_boolean", true), property("memory", "value_integer", 500), property("sample", "value_codeable_concept", build.Row{
				"coding": []build.Row{{"system": "device_properties", "code": "capillary_blood"}},
			}),
		},
	})
	w.Insert("prm.device_definition_classification_types", build.Row{
		"id": build.ID("other type of glucometer with strips"), "device_definition_id": build.ID("glucometer with strips"),
		"system": "device_definition_classification_type", "code": "30222",
	})
	define(w, "lancets", "one property is a concept, which version 1 leaves out", "Ланцети Accu-Chek Softclix", "30222", build.Row{
		"packaging_count": 25, "properties": []build.Row{
			property("length", "value_integer", 28), property("purpose", "value_codeable_concept", build.Row{
				"coding": []build.Row{{"system": "device_properties", "code": "finger_prick"}}, "text": "Прокол пальця",
			}),
		},
	})
	define(w, "former test strips", "is_active is false", "Тест-смужки Accu-Chek Go для глюкометра", "30221", build.Row{"is_active": false})

	const program = "medical program of devices"
	pays(w, "program device of test strips", program, "test strips", build.Row{"max_daily_count": 200, "registry_number": nil})
	pays(w, "last day of a program device", program, "glucometer with strips", build.Row{"end_date": w.Day(0)})
	pays(w, "program device of last year", program, "lancets", build.Row{"start_date": "2019-01-01", "end_date": w.Day(-365)})
	pays(w, "program device of next month", program, "lancets", build.Row{"start_date": w.Day(30)})
	pays(w, "inactive program device", program, "lancets", build.Row{"is_active": false})
	definitionReads(w)
}

func property(code, kind string, value any) build.Row {
	return build.Row{"type": build.Row{"system": "device_properties", "code": code}, kind: value}
}

// alsoCalled gives a device another name.
func alsoCalled(w *build.World, definition, kind, title string) {
	w.Insert("prm.device_definition_names", build.Row{
		"id": build.ID(kind + " name of " + definition), "device_definition_id": build.ID(definition), "name": title, "type": kind,
	})
}

func definitionReads(w *build.World) {
	listed := url.Values{
		"model_number": {"M23N76"}, "name": {"СМУЖКИ ТЕСТОВІ"}, "name_type": {"registered"}, "is_active": {"true"},
		"medical_program_id": {build.ID("medical program of devices").String()},
	}
	for _, of := range []struct {
		op, path, shape string
		class           url.Values
		program, active rules.ID
	}{
		{
			"listDeviceDefinitions", "/api/v2/device_definitions", "",
			url.Values{"classification_type_system": {"device_definition_classification_type"}, "classification_type_code": {"30221"}},
			rules.DeviceDefinitionListMedicalProgramID, rules.DeviceDefinitionListIsActive,
		},
		{
			"listDeviceDefinitionsV1", "/api/device_definitions", " in the former shape",
			url.Values{"classification_type": {"30221"}},
			rules.DeviceDefinitionListV1MedicalProgramID, rules.DeviceDefinitionListV1IsActive,
		},
	} {
		by := func(queries ...url.Values) build.Request {
			all := url.Values{}
			for _, query := range queries {
				for name, values := range query {
					all[name] = values
				}
			}
			return build.Get(doctor, of.path+"?"+all.Encode())
		}
		w.Passes(of.op, "devices by all filters"+of.shape, by(listed, of.class), http.StatusOK)
		w.Passes(of.op, "all devices in use"+of.shape, by(), http.StatusOK)
		w.Passes(of.op, "devices out of use"+of.shape, by(url.Values{"is_active": {"false"}}), http.StatusOK)
		w.Passes(of.op, "a page of devices past the end"+of.shape, by(url.Values{"page": {"100"}}), http.StatusOK)
		program, active := url.Values{"medical_program_id": {"1"}}, url.Values{"is_active": {"yes"}}
		w.Refused(of.op, "a program of devices that is no uuid"+of.shape, by(program), fault.Refuse(of.program))
		w.Passes(of.op, "a wrong program pays for no device when it is not checked"+of.shape, by(program), http.StatusOK).
			Set("RULES", "-"+string(of.program))
		w.Refused(of.op, "is_active of a device that is no boolean"+of.shape, by(active), fault.Refuse(of.active))
		w.Passes(of.op, "devices in use when is_active is not checked"+of.shape, by(active), http.StatusOK).Set("RULES", "-"+string(of.active))
	}
	oneDefinition(w)
}

func oneDefinition(w *build.World) {
	const op, v1 = "getDeviceDefinition", "getDeviceDefinitionV1"
	of := func(path string, id uuid.UUID) build.Request {
		return build.Get(doctor, "/api/"+path+"/"+id.String())
	}
	w.Passes(op, "a device of two classes", of("v2/device_definitions", build.ID("glucometer with strips")), http.StatusOK)
	w.Passes(op, "a device out of use", of("v2/device_definitions", build.ID("former test strips")), http.StatusOK)
	w.Refused(op, "a device that was never stored", of("v2/device_definitions", build.ID("nobody")), fault.Refuse(rules.DeviceDefinitionGetNotFound))
	w.Refused(op, "a malformed id of a device", build.Get(doctor, "/api/v2/device_definitions/1"), fault.Refuse(rules.DeviceDefinitionGetNotFound))

	w.Passes(v1, "a device in the former shape", of("device_definitions", build.ID("test strips")), http.StatusOK)
	w.Passes(v1, "a device without its concepts", of("device_definitions", build.ID("lancets")), http.StatusOK)
	w.Refused(v1, "a device of two classes in the former shape", of("device_definitions", build.ID("glucometer with strips")),
		fault.Refuse(rules.DeviceDefinitionGetV1Version))
	w.Refused(v1, "a device that was never stored in the former shape", of("device_definitions", build.ID("nobody")),
		fault.Refuse(rules.DeviceDefinitionGetV1NotFound))
	w.Refused(v1, "a malformed id of a device in the former shape", build.Get(doctor, "/api/device_definitions/1"),
		fault.Refuse(rules.DeviceDefinitionGetV1NotFound))
}
