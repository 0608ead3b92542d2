// What a program with the library fhirclient.js does.

import assert from "node:assert/strict";
import smart from "fhirclient";
import { run } from "./cases.mjs";

const patient = (family, more = {}) => ({ resourceType: "Patient", name: [{ family }], ...more });
const about = (id, value) => ({
    resourceType: "Observation",
    status: "final",
    code: { text: "pulse" },
    subject: { reference: `Patient/${id}` },
    valueInteger: value,
});

/** A client as one that was launched has it, for a patient in context. */
function launched(baseUrl, patientId = "") {
    const request = { headers: { host: "app.example" }, url: "/", socket: {} };
    return smart(request, {}, {}).client({ serverUrl: baseUrl, tokenResponse: { patient: patientId } });
}

await run({
    async "it finds the version of FHIR"(baseUrl) {
        const client = new smart.FhirClient(baseUrl);
        assert.equal(await client.getFhirVersion(), "4.0.1");
        assert.equal(await client.getFhirRelease(), 4);
    },

    async "it creates, updates, patches and deletes in its own media types"(baseUrl) {
        const client = new smart.FhirClient(baseUrl);
        const created = await client.create(patient("Flat"));
        const updated = await client.update({ ...created, gender: "female" });
        assert.equal(updated.meta.versionId, "2");
        const operations = [{ op: "add", path: "/active", value: true }];
        const patched = await client.patch(`Patient/${created.id}`, operations);
        assert.equal(patched.active, true);
        await client.delete(`Patient/${created.id}`);
        await assert.rejects(client.fhirRequest(`Patient/${created.id}`), { status: 410 });
    },

    async "it goes flat through pages"(baseUrl) {
        const client = new smart.FhirClient(baseUrl);
        const { id } = await client.create(patient("Pulse"));
        for (let value = 0; value < 5; value += 1) await client.create(about(id, value));
        const found = [];
        for await (const each of client.resources(`Observation?subject=Patient/${id}&_count=2`)) {
            found.push(each.valueInteger);
        }
        assert.deepEqual(found.sort(), [0, 1, 2, 3, 4]);
        const all = await launched(baseUrl).request(`Observation?subject=Patient/${id}&_count=2`, { pageLimit: 0, flat: true });
        assert.equal(all.length, 5);
    },

    async "it resolves references into a graph"(baseUrl) {
        const client = new smart.FhirClient(baseUrl);
        const { id } = await client.create(patient("Graph"));
        const observation = await client.create(about(id, 1));
        await client.resolveReferences(observation, ["subject"]);
        assert.equal(observation.subject.name[0].family, "Graph");
        const bundle = await client.fhirRequest(`Observation?subject=Patient/${id}`);
        const references = await client.getReferences(bundle, ["subject"]);
        assert.equal(references[`Patient/${id}`].id, id);
    },

    async "it asks for its patient"(baseUrl) {
        const { id } = await new smart.FhirClient(baseUrl).create(patient("Context"));
        await new smart.FhirClient(baseUrl).create(about(id, 7));
        const client = launched(baseUrl, id);
        assert.equal((await client.patient.read()).id, id);
        const found = await client.patient.request("Observation");
        assert.deepEqual(found.entry.map((entry) => entry.resource.valueInteger), [7]);
    },

    async "it is told why it is refused"(baseUrl) {
        const client = new smart.FhirClient(baseUrl);
        await assert.rejects(client.create(patient("X", { gender: "unsaid" })), { status: 422 });
        await assert.rejects(client.fhirRequest("Patient?nothing-like-it=1", { headers: { prefer: "handling=strict" } }), { status: 400 });
    },
});
