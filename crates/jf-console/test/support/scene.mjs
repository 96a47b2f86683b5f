// What the tests and the picture in the guide show.
const COLLEAGUE = {
  name: "Ada Lovelace",
  role: "contractor",
  firstDay: "2026-03-02",
  hours: 32,
  remote: true,
  equipment: [
    { article: "laptop", quantity: 1 },
    { article: "screen", quantity: 2 },
  ],
};

/** Runs of several journeys, in several states; the id of one whose branches wait side by side. */
export async function populate(server) {
  const start = (name, body) => server.post(`/journeys/${name}/start`, body);
  const step = (run, id, body) => server.post(`/journeys/${run.journeyId}/steps/${id}`, body);
  await start("loan-approval", { customerId: "c-11", amount: 90_000, months: 12, income: 1_000 });
  const loan = await start("loan-approval", { customerId: "c-17", amount: 25_000, months: 48, income: 3_200 });
  await step(loan, "officerReview", { decision: "approve", officer: "mia" });
  await step(loan, "signature", { signed: true });
  await start("loan-approval", { customerId: "c-23", amount: 12_000, months: 24, income: 2_800 });
  const other = await start("employee-onboarding", { ...COLLEAGUE, name: "Grace Hopper", role: "engineer" });
  await step(other, "approveAccess", { decision: "approve", approver: "kim" });
  const run = await start("employee-onboarding", COLLEAGUE);
  await step(run, "signAgreement", { signed: true });
  await step(run, "approveAccess", { decision: "approve", approver: "kim" });
  return run.journeyId;
}
