import { connect, RequestError } from "@journeyforge/client";

/** What the journey takes and gives. Only the compiler looks at it; leave it out, and any type and payload will do. */
interface Loans {
  starts: { applyForLoan: { customerId: string; amount: number; months: number; income: number } };
  steps: { decideLoan: { decision: "approve" | "decline"; officer: string }; signContract: { signed: boolean } };
  output: { status: "APPROVED" | "DECLINED"; monthly?: number };
}

const client = await connect<Loans>("ws://127.0.0.1:8080/ws/loans");

const { journeyId, cursor } = await client.start("applyForLoan", { customerId: "c-17", amount: 25_000, months: 48, income: 3_200 });
const watch = client.watch(journeyId, { from: cursor });

try {
  await client.submit(journeyId, "signContract", { signed: true });
} catch (error) {
  if (error instanceof RequestError) console.log(error.code); // step-not-active
}
await client.submit(journeyId, "decideLoan", { decision: "approve", officer: "mia" });
await client.submit(journeyId, "signContract", { signed: true });

for await (const event of watch) {
  if (event.type === "status") console.log(event.document?.currentState);
  if (event.type === "outcome") console.log(event.document?.output?.status); // APPROVED
}
client.close();
