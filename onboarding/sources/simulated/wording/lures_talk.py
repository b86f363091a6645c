"""What attackers write who live on talk alone."""

from __future__ import annotations

from onboarding.sources.simulated.wording.lure import GENERIC, Lure

TALK: dict[str, Lure] = {
    "executive-impersonation": Lure(
        (
            "Quick request",
            "Are you available?",
            "Urgent",
            "Confidential",
            "Payment today",
            "{to}",
            "Acquisition {project}",
            "Wire transfer",
        ),
        (
            "Are you at your desk? I am in a meeting and cannot talk on the phone.",
            "I need your help with something confidential.",
            "I am about to board and will only have mail for the next hours.",
            "We are closing a deal that has not been announced yet.",
            "I am using my private mail because my office account does not work from here.",
        ),
        (
            "I need you to make a wire transfer of {amount} today. Tell me when you are ready and I will send "
            "the bank details.",
            "Please process a payment to a new supplier before the end of the day. What do you need from me?",
            "Can you tell me the current balance and how much we can send by same-day transfer?",
            "Please handle this personally: {amount} must go out to the lawyer's account today.",
            "Send me your mobile number, I have a task for you that has to be done right away.",
        ),
        (
            "Keep this between us for now, I will inform the others myself.",
            "This is urgent, please do not wait for the usual approval.",
            "I count on your discretion.",
            "It has to be done before {hour}.",
            "Do not call, just answer this mail.",
        ),
        ("{me}", "Thanks\n{me}", "Regards\n{me}\nSent from my phone", "{me}\n\nSent from my mobile device"),
    ),
    "gift-card": Lure(
        ("Favour", "Are you free?", "Surprise for the team", "Quick task", "Need your help", "Gift cards"),
        (
            "I want to surprise some of the staff and need your help.",
            "I am stuck in a conference call, can you do something for me quickly?",
            "We have clients to thank and I forgot all about it.",
            "I wanted to ask {team} but nobody answers.",
        ),
        (
            "Please get {count} gift cards worth 100 each from a shop nearby, scratch off the codes and send me "
            "pictures.",
            "Could you buy Apple gift cards for {amount} in total? I will pay you back by tonight.",
            "I need {count} Amazon gift cards at 200 each. Mail me the codes when you have them.",
            "Can you pick up some Steam or Google Play cards, {count} of them, and send the codes on the back?",
        ),
        (
            "Do not tell anybody, it should stay a surprise.",
            "I need them within the hour.",
            "Keep the receipt, you will be refunded.",
            "How soon can you get it done?",
        ),
    ),
    "payroll-diversion": Lure(
        ("Direct deposit", "Change of bank account", "My salary", "Payroll update", "New account for my pay"),
        (
            "I have changed banks and my old account is closed.",
            "I would like to update my direct deposit information.",
            "My bank account was blocked and I have opened another one.",
            "Before the next payroll run I need to change my details.",
        ),
        (
            "Please pay my salary to the new account: IBAN {iban}.",
            "Can you change my direct deposit to account {iban}, effective from this pay period?",
            "What do you need from me to change the account my pay goes to? The new one is {iban}.",
            "Kindly update my payroll record with IBAN {iban}.",
        ),
        (
            "Please confirm that it is in time for this month.",
            "I cannot log in to the portal at the moment.",
            "Will it take effect with the next run?",
            "Please do it today.",
        ),
    ),
    "reconnaissance": Lure(
        ("Hello", "Question", "Quick question", "Are you the right person?", "Availability", "test"),
        (
            "Are you in the office today?",
            "I hope you are well.",
            "I got your name from a colleague.",
            "We have not been in touch before.",
        ),
        (
            "Let me know when you get this mail.",
            "Who is responsible for paying suppliers in your company?",
            "Could you send me the name and direct number of the person who handles outgoing payments?",
            "Please send me the list of open invoices and their due dates.",
            "Is this still the right address to reach you?",
            "How are payments approved at your end, and who signs?",
        ),
        (
            "I would be grateful for a short answer.",
            "I will explain the details then.",
            "I can only be reached by mail at the moment.",
        ),
    ),
    "callback": Lure(
        (
            "Order confirmation {number}",
            "Your subscription was renewed",
            "Payment receipt {number}",
            "Invoice {number} - thank you",
            "Auto-renewal of {brand}",
        ),
        (
            "Thank you for your purchase. Your {brand} protection plan has been renewed for one year.",
            "Your account was charged {amount} for the annual {brand} subscription.",
            "We received your order {number} over {amount}; delivery starts today.",
            "This confirms the automatic renewal of your {brand} membership.",
        ),
        (
            "If you did not authorise this charge, call our billing department at {phone} within 24 hours.",
            "To cancel and get a refund, please call {phone}.",
            "Questions? Our support team is available around the clock on {phone}.",
            "For a refund of {amount} contact customer care: {phone} (toll free).",
        ),
        (
            "The amount will appear on your statement within 24 hours.",
            "Refunds are only possible by phone.",
            "Please have your order number {number} ready.",
        ),
        ("{me}", "Billing department\n{me}", "Kind regards\n{me}"),
        GENERIC,
    ),
    "extortion": Lure(
        (
            "Your secrets",
            "I have your data",
            "Pay attention",
            "Last warning",
            "I know everything",
            "Your system was hacked",
        ),
        (
            "I have had access to your devices for several months.",
            "I recorded you through your camera while you visited adult sites.",
            "We copied your customer database and your internal mail.",
            "Your password is known to me, and so are all your contacts.",
        ),
        (
            "Send {amount} in bitcoin to {wallet} and I will delete everything.",
            "Transfer {amount} USD in bitcoin to my wallet {wallet}.",
            "The price of my silence is {amount}, payable to this bitcoin address: {wallet}.",
        ),
        (
            "You have 48 hours. Otherwise everybody you know gets the recording.",
            "If the payment does not arrive, we publish everything.",
            "Do not contact the police and do not answer this mail.",
            "The clock started when you opened this mail.",
        ),
        ("", "You have been warned.", "Anonymous"),
        ("Hello,", "Hello {to},", "Greetings!", "Attention!"),
    ),
    "advance-fee": Lure(
        (
            "Investment proposal",
            "Inheritance",
            "Confidential business",
            "Fund transfer",
            "Greetings from {me}",
            "Your compensation payment",
        ),
        (
            "I am a lawyer and represent a late client who left {amount} USD and no heir.",
            "I work at a bank and found an account that nobody has touched for years.",
            "I am a widow in poor health and want to leave my fortune to a good cause.",
            "Your name was chosen for a compensation payment of {amount} USD by the fund.",
            "I am looking for a partner to invest {amount} USD in your country.",
        ),
        (
            "With your help the money can be transferred; your share is 40 percent.",
            "Please send me your full name, address, telephone number and bank account.",
            "Only a small transfer fee has to be paid in advance.",
            "Answer to my private address and I will tell you the details.",
        ),
        (
            "Please treat this as strictly confidential.",
            "God bless you.",
            "I await your urgent reply.",
            "This is free of any risk.",
        ),
        ("Yours sincerely\n{me}", "Barrister {me}", "Mr. {me}", "With regards\n{me}"),
        ("Dear friend,", "Dear Sir or Madam,", "Greetings,", "Dear beneficiary,", "Hello dear,"),
    ),
}
